package dev.terrace.cache.examples.storefront;

import dev.terrace.cache.examples.storefront.Plot.Point;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.function.ToDoubleFunction;
import org.HdrHistogram.Histogram;

/** The report as a web page that needs nothing from anywhere else. */
final class HtmlReport {

    private static final double[] PERCENTILES = {50, 90, 99, 99.9, 99.99, 100};

    private final StringBuilder page = new StringBuilder();
    private final Report report;

    private HtmlReport(Report report) {
        this.report = report;
    }

    /**
     * Writes the page, with the directory that it lies in if that is missing.
     *
     * @throws BadArgumentException if it cannot be written
     */
    static void write(Report report, Path file) {
        try {
            Files.createDirectories(file.toAbsolutePath().getParent());
            Files.writeString(file, of(report));
        } catch (IOException e) {
            throw new BadArgumentException("--report", file + " cannot be written: " + e, e);
        }
    }

    static String of(Report report) {
        HtmlReport writer = new HtmlReport(report);
        writer.head();
        writer.tiles();
        writer.latency();
        writer.tiers();
        writer.outage();
        writer.changes();
        writer.promises();
        return writer.page.append("</main></body></html>\n").toString();
    }

    private void head() {
        Report.Setup setup = report.setup();
        page.append("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n")
                .append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n")
                .append("<title>Storefront: a shop through Terrace</title>\n<style>\n")
                .append(stylesheet())
                .append("</style></head>\n<body><main>\n");
        add("<h1>A shop through Terrace</h1>");
        add(
                "<p class=\"lead\">%s, %d threads, room for %,d products in each near tier. Traffic: %s."
                        + " Database: H2 with %,d products; a query takes %s there, and %s of <em>simulated</em> network.</p>",
                setup.nodes() == 1 ? "One node" : "Two nodes that share a Redis",
                setup.options().threads(),
                setup.options().nearSize(),
                escaped(setup.traffic().toString()),
                setup.products(),
                Figures.time(setup.timeInSql()),
                Figures.time(setup.options().databaseLatency()));
    }

    private void tiles() {
        Report.Reading reading = report.reading();
        Report.Scenes scenes = report.scenes();
        double faster = reading.cached().readsPerSecond() / reading.direct().readsPerSecond();
        page.append("<div class=\"tiles\">\n");
        tile(
                Figures.percent(reading.queriesSavedRatio()),
                "of database queries saved",
                String.format(
                        Locale.ROOT,
                        "%,d made for %,d reads",
                        reading.counts().queries(),
                        reading.cached().reads()));
        tile(
                String.format(Locale.ROOT, faster < 10 ? "%.1f×" : "%,.0f×", faster),
                "the throughput",
                String.format(
                        Locale.ROOT,
                        "%,.0f reads a second instead of %,.0f",
                        reading.cached().readsPerSecond(),
                        reading.direct().readsPerSecond()));
        tile(
                TextReport.queries(scenes.burst().queries()),
                "for " + scenes.burst().callers() + " callers at once",
                "the slowest waited " + Figures.time(scenes.burst().slowest()));
        tile(
                scenes.outage().cached().failed() + " errors",
                "with the database off",
                String.format(
                        Locale.ROOT,
                        "%,d reads were given a stale product",
                        scenes.outage().servedStale()));
        page.append("</div>\n");
    }

    private void tile(String figure, String meaning, String detail) {
        add("<div class=\"tile\"><b>%s</b><span>%s</span><small>%s</small></div>", figure, meaning, detail);
    }

    private void latency() {
        Histogram direct = report.reading().direct().latencies();
        Histogram cached = report.reading().cached().latencies();
        add("<section><h2>Latency of a read</h2>");
        legend("direct", "without cache", "near", "with Terrace");
        double nines = Math.min(5, Math.floor(log10(Math.max(1_000, cached.getTotalCount()))));
        Axis x = Axis.nines("share of reads that are faster", nines);
        Axis y = Axis.powersOfTen(
                "latency",
                Math.min(direct.getMinNonZeroValue(), cached.getValueAtPercentile(1)),
                Math.max(direct.getMaxValue(), cached.getMaxValue()));
        page.append(new Plot("Latency by percentile", x, y)
                .line("direct", percentiles(direct, nines))
                .line("near", percentiles(cached, nines))
                .svg());
        page.append("<div class=\"scroll\"><table><thead><tr><th></th>");
        for (double percentile : PERCENTILES) {
            add("<th>%s</th>", percentile == 100 ? "slowest" : percentile == 50 ? "median" : percentile + " %");
        }
        page.append("</tr></thead><tbody>\n");
        latencyRow("without cache", direct);
        latencyRow("with Terrace", cached);
        page.append("</tbody></table></div>\n");
        add(
                "<p>Each thread asks again as soon as it has an answer. Without cache: a sample of %,d reads in %s, from the"
                        + " begin of the same traffic. With Terrace: %,d reads in %s, from empty caches.</p></section>",
                direct.getTotalCount(),
                Figures.time(report.reading().direct().took()),
                cached.getTotalCount(),
                Figures.time(report.reading().cached().took()));
    }

    private void latencyRow(String name, Histogram latencies) {
        add("<tr><th>%s</th>", name);
        for (double percentile : PERCENTILES) {
            add("<td>%s</td>", Figures.time(latencies.getValueAtPercentile(percentile)));
        }
        page.append("</tr>\n");
    }

    private static List<Point> percentiles(Histogram latencies, double nines) {
        List<Point> points = new ArrayList<>();
        double known = Math.min(nines, log10(Math.max(10, latencies.getTotalCount())));
        for (double at = 0; at <= known; at += 0.02) {
            double percentile = 100 * (1 - Math.pow(10, -at));
            points.add(new Point(at, log10(Math.max(1, latencies.getValueAtPercentile(percentile)))));
        }
        return points;
    }

    private static double log10(long number) {
        return Math.log10((double) number);
    }

    private void tiers() {
        Report.Reading reading = report.reading();
        boolean shared = report.setup().nodes() > 1;
        add("<section><h2>Who answered</h2>");
        if (shared) {
            legend("near", "near tier", "far", "Redis", "direct", "database");
        } else {
            legend("near", "near tier", "direct", "database");
        }
        List<Timeline.Interval> timeline =
                reading.timeline().stream().filter(i -> i.counts().reads() > 0).toList();
        if (timeline.size() > 1) {
            page.append(tiersOverTime(timeline));
        }
        add(
                "<p>Near tier %s of reads%s. The database answered %,d queries, %s of what it would have had to."
                        + " %,d reads waited for a query that another had started.%s</p></section>",
                Figures.percent(reading.counts().nearHitRatio()),
                shared
                        ? ", Redis "
                                + Figures.percent((double) reading.counts().farHits()
                                        / reading.cached().reads())
                        : "",
                reading.counts().queries(),
                Figures.percent(1 - reading.queriesSavedRatio()),
                reading.counts().coalesced(),
                reading.failures().isEmpty() ? "" : " Failures made up for: " + TextReport.failures(reading) + ".");
    }

    private static String tiersOverTime(List<Timeline.Interval> timeline) {
        List<Point> none = points(timeline, i -> 0);
        List<Point> near = points(timeline, i -> i.counts().nearHitRatio());
        List<Point> withFar = points(
                timeline,
                i -> i.counts().nearHitRatio()
                        + (double) i.counts().farHits() / i.counts().reads());
        List<Point> all = points(timeline, i -> 1);
        double end = timeline.get(timeline.size() - 1).middle();
        return new Plot("Who answered, over time", Axis.exactlyUpTo("seconds", end), Axis.shares("share of reads"))
                .area("near", none, near)
                .area("far", near, withFar)
                .area("direct", withFar, all)
                .svg();
    }

    private void outage() {
        Outage outage = report.scenes().outage();
        List<Timeline.Interval> timeline = outage.timeline();
        double end = timeline.get(timeline.size() - 1).to();
        add("<section><h2>The database switched off</h2>");
        legend("direct", "queries answered", "failed", "queries failed");
        page.append(new Plot("Database queries over time", Axis.exactlyUpTo("seconds", end), queriesAxis(timeline))
                .band(outage.window().from(), outage.window().to(), "off")
                .line("direct", points(timeline, i -> i.rate(i.counts().queries())))
                .line("failed", points(timeline, i -> i.rate(i.counts().failedQueries())))
                .svg());
        legend("near", "reads answered", "stale", "of these, stale");
        double most = timeline.stream()
                .mapToDouble(i -> i.rate(i.counts().reads()))
                .max()
                .orElse(1);
        page.append(new Plot("Reads over time", Axis.exactlyUpTo("seconds", end), Axis.upTo("reads a second", most))
                .band(outage.window().from(), outage.window().to(), "off")
                .line("near", points(timeline, i -> i.rate(i.counts().reads())))
                .line("stale", points(timeline, i -> i.rate(i.counts().staleServes())))
                .svg());
        add(
                "<p>A cache of its own, in which products are fresh for %s and may be served stale after that, while it"
                        + " loads them anew or cannot. Of %,d reads of products that had been read before, %d failed; of %,d reads"
                        + " of products that nobody had, %,d failed while the database was off. Afterwards: %s.</p></section>",
                Figures.time(Outage.FRESH_FOR),
                outage.cached().all(),
                outage.cached().failed(),
                outage.unknown().all(),
                outage.unknown().failed(),
                TextReport.recovery(outage.recovery()));
    }

    private static Axis queriesAxis(List<Timeline.Interval> timeline) {
        double most = timeline.stream()
                .mapToDouble(
                        i -> i.rate(Math.max(i.counts().queries(), i.counts().failedQueries())))
                .max()
                .orElse(1);
        return Axis.upTo("queries a second", most);
    }

    private void changes() {
        PriceChanges changes = report.scenes().changes();
        add("<section><h2>Prices changed while others read</h2>");
        PriceChanges.Elsewhere elsewhere = changes.elsewhere();
        if (elsewhere != null && elsewhere.seenAfter().getTotalCount() > 0) {
            page.append(seenElsewhere(elsewhere.seenAfter()));
        }
        add(
                "<p>%,d changes: database first, then an invalidation. On the same node, %,d reads began after a change of"
                        + " their product; %d of them were given what was there before.</p>",
                changes.changes(), changes.checkedReads(), changes.outdatedReads());
        if (elsewhere != null) {
            Histogram seen = elsewhere.seenAfter();
            add(
                    "<p>The other node saw %d of the changes, half of them within %s and the last after %s."
                            + " Reads that were outdated for longer than %s: %d.</p>",
                    seen.getTotalCount(),
                    Figures.time(seen.getValueAtPercentile(50)),
                    Figures.time(seen.getMaxValue()),
                    Figures.time(PriceChanges.MAX_STALENESS),
                    elsewhere.outdatedReads());
        }
        page.append("</section>\n");
    }

    private static String seenElsewhere(Histogram seen) {
        List<Point> points = new ArrayList<>();
        for (double percentile = 0; percentile <= 100; percentile += 0.5) {
            points.add(new Point(seen.getValueAtPercentile(percentile) / 1e6, percentile / 100));
        }
        Axis x = Axis.upTo("milliseconds after the change returned", seen.getMaxValue() / 1e6);
        return new Plot("When the other node saw changes", x, Axis.shares("changes seen"))
                .line("far", points)
                .svg();
    }

    private void promises() {
        add("<section><h2>Promises</h2><ul class=\"promises\">");
        for (Report.Promise promise : report.promises()) {
            add(
                    "<li class=\"%s\"><b>%s</b> %s</li>",
                    promise.held() ? "held" : "broken", promise.held() ? "held" : "broken", promise.text());
        }
        page.append("</ul></section>\n");
    }

    private static List<Point> points(
            List<Timeline.Interval> timeline, ToDoubleFunction<? super Timeline.Interval> value) {
        return timeline.stream()
                .map(interval -> new Point(interval.middle(), value.applyAsDouble(interval)))
                .toList();
    }

    private void legend(String... stylesAndTexts) {
        page.append("<p class=\"legend\">");
        for (int i = 0; i < stylesAndTexts.length; i += 2) {
            add("<span class=\"%s\">%s</span>", stylesAndTexts[i], stylesAndTexts[i + 1]);
        }
        page.append("</p>\n");
    }

    private static String escaped(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
    }

    private static String stylesheet() {
        try (InputStream css = HtmlReport.class.getResourceAsStream("report.css")) {
            return new String(Objects.requireNonNull(css, "report.css").readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void add(String format, Object... arguments) {
        page.append(String.format(Locale.ROOT, format, arguments)).append('\n');
    }
}
