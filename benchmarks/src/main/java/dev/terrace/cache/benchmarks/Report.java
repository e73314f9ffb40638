package dev.terrace.cache.benchmarks;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a set measured.
 *
 * @param raw everything that the figures were taken from
 */
record Report(String set, String measures, List<Figure> figures, Map<String, Object> raw) {

    /** The figures as a table for people. */
    String table() {
        List<String[]> rows = new ArrayList<>();
        rows.add(new String[] {"", "Terrace", "raw", "median", "[range of rounds]", "of best", "of CPU", "bar", ""});
        figures.forEach(figure -> rows.add(figure.cells()));
        int[] widths = new int[rows.get(0).length];
        Arrays.fill(widths, 1);
        for (String[] row : rows) {
            for (int i = 0; i < row.length; i++) {
                widths[i] = Math.max(widths[i], row[i].length());
            }
        }
        StringBuilder text = new StringBuilder(set + ": " + measures);
        for (String[] row : rows) {
            StringBuilder line = new StringBuilder("\n  ");
            for (int i = 0; i < row.length; i++) {
                boolean words = i == 0 || i >= row.length - 2;
                line.append(("%" + (words ? "-" : "") + widths[i] + "s  ").formatted(row[i]));
            }
            text.append(line.toString().stripTrailing());
        }
        return text.toString();
    }

    /** Writes all of it as JSON and returns the file. */
    Path write(Path directory, Machine machine, Effort effort) throws IOException {
        Map<String, Object> content = new LinkedHashMap<>();
        content.put("set", set);
        content.put("measures", measures);
        content.put("machine", machine);
        content.put("effort", effort.name());
        List<Object> lines = new ArrayList<>();
        for (Figure figure : figures) {
            Map<String, Object> line = new LinkedHashMap<>();
            line.put("what", figure.what());
            line.put("ours", figure.ours());
            line.put("raw", figure.raw());
            line.put("value", figure.value());
            line.put("bar", figure.bar());
            line.put("verdict", figure.verdict());
            lines.add(line);
        }
        content.put("figures", lines);
        content.putAll(raw);
        Files.createDirectories(directory);
        Path file = directory.resolve(set + ".json");
        new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT).writeValue(file.toFile(), content);
        return file;
    }
}
