package dev.terrace.cache.examples.storefront;

import java.time.Duration;
import java.util.Locale;
import java.util.stream.Collectors;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/** The report for a terminal. */
final class TextReport {

    private static final double[] PERCENTILES = {50, 90, 99, 99.9, 99.99};

    private final StringBuilder text = new StringBuilder();
    private final Report report;

    private TextReport(Report report) {
        this.report = report;
    }

    static String of(Report report) {
        TextReport writer = new TextReport(report);
        writer.setup(report.setup());
        writer.reading(report.reading());
        writer.listing(report.scenes().listing());
        writer.burst(report.scenes().burst());
        writer.changes(report.scenes().changes());
        writer.outage(report.scenes().outage());
        writer.promises();
        // Not every terminal takes more than ASCII.
        return writer.text.toString().replace("µs", "us");
    }

    private void setup(Report.Setup setup) {
        Options options = setup.options();
        heading("Storefront");
        line("traffic", setup.traffic().toString());
        line(
                "database",
                "H2 with %,d products; a query takes %s there, and %s of simulated network",
                setup.products(),
                Figures.time(setup.timeInSql()),
                Figures.time(options.databaseLatency()));
        line(
                "cache",
                setup.nodes() == 1
                        ? "1 node with %,d of the products in its near tier, %d threads"
                        : "2 nodes that share a Redis, each with %,d of the products in its near tier, %d threads",
                options.nearSize(),
                options.threads());
    }

    private void reading(Report.Reading reading) {
        Replay direct = reading.direct();
        Replay cached = reading.cached();
        heading("Reading, each request as soon as a thread is free");
        columns("", "without cache", "with Terrace");
        columns("reads", Figures.count(direct.reads()) + " (sample)", Figures.count(cached.reads()));
        columns("time", Figures.time(direct.took()), Figures.time(cached.took()));
        columns(
                "reads a second",
                Figures.count(Math.round(direct.readsPerSecond())),
                Figures.count(Math.round(cached.readsPerSecond())));
        for (double percentile : PERCENTILES) {
            columns(
                    percentile == 50 ? "median latency" : shortest(percentile) + " % are faster than",
                    latency(direct.latencies(), percentile),
                    latency(cached.latencies(), percentile));
        }
        columns("slowest", latency(direct.latencies(), 100), latency(cached.latencies(), 100));
        columns("failed", Figures.count(direct.failures()), Figures.count(cached.failures()));
        Counts counts = reading.counts();
        blank();
        line("near tier", "%s of reads", Figures.percent(counts.nearHitRatio()));
        if (report.setup().nodes() > 1) {
            line("Redis", "%s of reads", Figures.percent((double) counts.farHits() / cached.reads()));
        }
        line(
                "database",
                "%,d queries made, %,d saved (%s)",
                counts.queries(),
                reading.queriesSaved(),
                Figures.percent(reading.queriesSavedRatio()));
        line("shared loads", "%,d reads waited for a load of another", counts.coalesced());
        if (!reading.failures().isEmpty()) {
            line("failures made up for", "%s", failures(reading));
        }
    }

    static String failures(Report.Reading reading) {
        return reading.failures().entrySet().stream()
                .map(failure -> failure.getKey() + " " + Figures.count(failure.getValue()))
                .collect(Collectors.joining(", "));
    }

    private void listing(ListingPage listing) {
        heading("A page of %d products, %d of them in the cache", listing.products(), listing.cached());
        line("database", "%s for %d products", queries(listing.queries()), listing.products() - listing.cached());
    }

    private void burst(Burst burst) {
        heading("%d callers at once for one product that is in no tier", burst.callers());
        line("database", "%s", queries(burst.queries()));
        line("answered", "%d, the slowest after %s", burst.answered(), Figures.time(burst.slowest()));
    }

    private void changes(PriceChanges changes) {
        heading("%d prices changed while others read", changes.changes());
        line(
                "same node",
                "%,d reads of changed products, %d of them outdated",
                changes.checkedReads(),
                changes.outdatedReads());
        PriceChanges.Elsewhere elsewhere = changes.elsewhere();
        if (elsewhere != null) {
            Histogram seen = elsewhere.seenAfter();
            line(
                    "other node",
                    "saw %d of them, half within %s, 99 %% within %s, the last after %s",
                    seen.getTotalCount(),
                    latency(seen, 50),
                    latency(seen, 99),
                    latency(seen, 100));
            line(
                    "",
                    "reads that were outdated longer than %s: %d",
                    Figures.time(PriceChanges.MAX_STALENESS),
                    elsewhere.outdatedReads());
        }
    }

    private void outage(Outage outage) {
        heading(
                "The database off for %.1f s; products are fresh for %s here",
                outage.window().to() - outage.window().from(), Figures.time(Outage.FRESH_FOR));
        line(
                "products read before",
                "%,d reads in all, %d failed; %,d served stale meanwhile",
                outage.cached().all(),
                outage.cached().failed(),
                outage.servedStale());
        line(
                "products never read",
                "%,d reads meanwhile, %,d failed: nobody had them",
                outage.unknown().all(),
                outage.unknown().failed());
        line("recovery", "%s", recovery(outage.recovery()));
    }

    static String recovery(Outage.Recovery recovery) {
        return String.format(
                Locale.ROOT,
                "first query %s after its return; all %d products loaded anew %s",
                Figures.time(recovery.firstQuery()),
                Outage.PRODUCTS,
                within(recovery.allReloaded()));
    }

    private static String within(@Nullable Duration time) {
        return time == null ? "not within the time we waited" : "after " + Figures.time(time);
    }

    private void promises() {
        heading("Promises");
        for (Report.Promise promise : report.promises()) {
            text.append(promise.held() ? "  held    " : "  BROKEN  ")
                    .append(promise.text())
                    .append('\n');
        }
    }

    static String queries(long queries) {
        return queries == 1 ? "1 query" : Figures.count(queries) + " queries";
    }

    private static String latency(Histogram latencies, double percentile) {
        return Figures.time(latencies.getValueAtPercentile(percentile));
    }

    private static String shortest(double percentile) {
        return Double.toString(percentile).replaceFirst("\\.0$", "");
    }

    private void heading(String format, Object... arguments) {
        blank();
        text.append(String.format(Locale.ROOT, format, arguments)).append('\n');
    }

    private void line(String name, String format, Object... arguments) {
        text.append(String.format(Locale.ROOT, "  %-24s", name))
                .append(String.format(Locale.ROOT, format, arguments))
                .append('\n');
    }

    private void columns(String name, String direct, String cached) {
        text.append(String.format(Locale.ROOT, "  %-24s%18s%18s%n", name, direct, cached));
    }

    private void blank() {
        text.append('\n');
    }
}
