package dev.terrace.cache.testkit;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;

/**
 * Where a scenario test says what it measured. {@code bin/scenarios} prints the figures beside those of the peers; a
 * scenario without a figure counts as failed there.
 *
 * <p>Figures lie in {@code target/scenarios/ID.txt} of the module, one line {@code variant TAB figure} each.
 */
public final class ScenarioReport {

    private static final Set<String> IDS = knownIds();

    private ScenarioReport() {}

    /**
     * Records what was measured, replacing an earlier figure of the same scenario and variant. Call it after the
     * assertions: a figure is then never printed for a claim that does not hold.
     *
     * @param id the scenario, such as {@code X05}; one that {@code scenarios-peers.properties} lists
     * @param variant what it ran on, such as {@code redis}
     * @param ours the figure, one short line, such as {@code 1 load, all failed in 203 ms}
     * @throws IllegalArgumentException if the id is not known, or one of the texts is blank or longer than a line
     */
    public static synchronized void figure(String id, String variant, String ours) {
        if (!IDS.contains(id)) {
            throw new IllegalArgumentException("No scenario " + id + "; there are " + IDS);
        }
        String start = oneLine(variant) + "\t";
        Path report = Path.of(System.getProperty("basedir", ""), "target", "scenarios", id + ".txt");
        try {
            Files.createDirectories(report.getParent());
            List<String> lines = new ArrayList<>(Files.exists(report) ? Files.readAllLines(report) : List.of());
            lines.removeIf(line -> line.startsWith(start));
            lines.add(start + oneLine(ours));
            Files.write(report, lines);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String oneLine(String text) {
        if (text.isBlank() || text.chars().anyMatch(Character::isISOControl)) {
            throw new IllegalArgumentException("Not one line of text: '" + text + "'");
        }
        return text.strip();
    }

    private static Set<String> knownIds() {
        try (InputStream peers = ScenarioReport.class.getResourceAsStream("/scenarios-peers.properties")) {
            if (peers == null) {
                throw new IllegalStateException("scenarios-peers.properties is not on the class path");
            }
            Properties properties = new Properties();
            properties.load(peers);
            return new TreeSet<>(properties.stringPropertyNames());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
