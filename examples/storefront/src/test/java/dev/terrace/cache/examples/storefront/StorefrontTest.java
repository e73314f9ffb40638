package dev.terrace.cache.examples.storefront;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs the demo small, in each of its modes. */
final class StorefrontTest {

    private static final String PRODUCTS = Integer.toString(Options.FEWEST_PRODUCTS);

    /** Nobody looks at it. */
    private static final Outage.Pace QUICK =
            new Outage.Pace(Duration.ofMillis(500), Duration.ofSeconds(2), Duration.ofMillis(300));

    @TempDir
    Path directory;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    @Test
    void madeUpTrafficIsMostlyAnsweredByTheNearTier() {
        Report report = measure(
                "--requests",
                "30000",
                "--seconds",
                "60",
                "--products",
                PRODUCTS,
                "--near-size",
                "1000",
                "--db-latency",
                "0.2");

        assertThat(report.setup().nodes()).isEqualTo(1);
        Report.Reading reading = report.reading();
        assertThat(reading.direct().reads()).isPositive();
        assertThat(reading.direct().failures()).isZero();
        assertThat(reading.cached().reads())
                .isPositive()
                .isEqualTo(reading.counts().reads());
        assertThat(reading.cached().latencies().getTotalCount())
                .isEqualTo(reading.cached().reads());
        assertThat(reading.counts().nearHitRatio()).isBetween(0.5, 0.999);
        assertThat(reading.counts().farHits()).isZero();
        assertThat(reading.counts().queries()).isPositive();
        assertThat(reading.queriesSavedRatio()).isGreaterThan(0.5);
        assertThat(reading.timeline()).isNotEmpty();
        checkScenes(report);
        assertThat(report.scenes().changes().elsewhere()).isNull();
        assertThat(report.promises()).hasSize(5).allMatch(Report.Promise::held);
    }

    @Test
    void aRecordingIsReplayedOnceAndEachOfItsKeysIsLoadedOnce() throws Exception {
        int[] keys = new int[20_000];
        SplittableRandom random = new SplittableRandom(1);
        for (int i = 0; i < keys.length; i++) {
            keys[i] = 0xC0000000 + (i < 300 ? i : random.nextInt(300));
        }
        Path trace = TraceFile.write(directory.resolve("some.xz"), keys);

        Report report =
                measure("--trace", trace.toString(), "--seconds", "30", "--products", PRODUCTS, "--db-latency", "0.2");

        Report.Reading reading = report.reading();
        assertThat(reading.cached().reads()).isEqualTo(20_000);
        assertThat(reading.counts().queries()).isEqualTo(300);
        assertThat(reading.queriesSaved()).isEqualTo(19_700);
        assertThat(reading.counts().nearHitRatio()).isGreaterThan(0.9);
        checkScenes(report);
        assertThat(report.promises()).hasSize(5).allMatch(Report.Promise::held);
    }

    @Test
    void twoNodesShareARedisAndSeeEachOthersChanges() {
        Report report = measure(
                "--redis",
                "--requests",
                "8000",
                "--seconds",
                "60",
                "--products",
                PRODUCTS,
                "--near-size",
                "500",
                "--db-latency",
                "0.2");

        assertThat(report.setup().nodes()).isEqualTo(2);
        Counts counts = report.reading().counts();
        assertThat(counts.nearHitRatio()).isGreaterThan(0.1);
        assertThat(counts.farHits()).isPositive();
        assertThat(counts.queries()).isPositive().isLessThan(counts.reads() / 2);
        checkScenes(report);
        PriceChanges.Elsewhere elsewhere = report.scenes().changes().elsewhere();
        assertThat(elsewhere).isNotNull();
        assertThat(elsewhere.seenAfter().getTotalCount())
                .isEqualTo(report.scenes().changes().changes());
        assertThat(elsewhere.unseen()).isZero();
        assertThat(elsewhere.outdatedReads()).isZero();
        assertThat(report.promises()).hasSize(6).allMatch(Report.Promise::held);
    }

    private static void checkScenes(Report report) {
        Report.Scenes scenes = report.scenes();
        assertThat(scenes.listing()).isEqualTo(new ListingPage(50, 25, 50, 1));

        assertThat(scenes.burst().callers()).isEqualTo(200);
        assertThat(scenes.burst().answered()).isEqualTo(200);
        assertThat(scenes.burst().queries()).isEqualTo(1);

        assertThat(scenes.changes().changes()).isEqualTo(200);
        assertThat(scenes.changes().checkedReads()).isGreaterThan(200);
        assertThat(scenes.changes().outdatedReads()).isZero();

        Outage outage = scenes.outage();
        assertThat(outage.cached().all()).isGreaterThan(1_000);
        assertThat(outage.cached().failed()).isZero();
        assertThat(outage.servedStale()).isPositive();
        assertThat(outage.unknown().failed()).isPositive();
        List<Timeline.Interval> whileOff = outage.timeline().stream()
                .filter(interval -> interval.from() > outage.window().from()
                        && interval.to() < outage.window().to())
                .toList();
        assertThat(whileOff).isNotEmpty().allMatch(interval -> interval.counts().queries() == 0);
        assertThat(whileOff.stream()
                        .mapToLong(interval -> interval.counts().failedQueries())
                        .sum())
                .as("attempts while off: for a product that is served stale, no more than one a second on each node")
                .isPositive()
                .isLessThan(3L * Outage.PRODUCTS * report.setup().nodes()
                        + outage.unknown().all());
    }

    private Report measure(String... arguments) {
        return Storefront.measure(Options.parse(arguments), QUICK, new Progress(stream(out), false));
    }

    @Test
    void theCommandReportsOnTheTerminalAndAsAPageThatNeedsNothingElse() throws Exception {
        Path page = directory.resolve("new/report.html");

        int status = run(
                "--seconds",
                "1",
                "--products",
                PRODUCTS,
                "--requests",
                "50000",
                "--report",
                page.toString(),
                "--threads=2",
                "--db-latency=0");

        assertThat(err.toString(StandardCharsets.UTF_8)).isEmpty();
        assertThat(status).isZero();
        assertThat(out.toString(StandardCharsets.UTF_8))
                .contains("Reading with Terrace", "median latency", "held    a burst of callers", page.toString())
                .doesNotContain("BROKEN", "null", "NaN");
        assertThat(Files.readString(page))
                .contains("<svg", "Latency of a read", "The database switched off", "prefers-color-scheme: dark")
                .doesNotContain("http:", "https:", "<script", "<link", "null", "NaN");
    }

    @Test
    void aWrongArgumentEndsWithStatusTwoAndAnErrorThatNamesIt() {
        int status = run("--redis", "redis://127.0.0.1:6379", "--near-size", "none");

        assertThat(status).isEqualTo(2);
        assertThat(err.toString(StandardCharsets.UTF_8))
                .isEqualToNormalizingNewlines("storefront: --near-size: not a whole number: none\n");
        assertThat(out.size()).isZero();
    }

    @Test
    void aRedisThatDoesNotAnswerEndsWithStatusTwo() throws Exception {
        String uri;
        try (RedisProcess stopped = RedisProcess.start()) {
            uri = stopped.uri();
        }

        int status = run("--redis", uri, "--products", PRODUCTS, "--seconds", "1");

        assertThat(status).isEqualTo(2);
        assertThat(err.toString(StandardCharsets.UTF_8)).startsWith("storefront: --redis: no answer");
    }

    @Test
    void helpNamesEveryOption() {
        assertThat(run("--help")).isZero();
        assertThat(out.toString(StandardCharsets.UTF_8))
                .contains(
                        "--trace",
                        "--redis",
                        "--threads",
                        "--requests",
                        "--seconds",
                        "--near-size",
                        "--products",
                        "--db-latency",
                        "--report");
    }

    private int run(String... arguments) {
        return Storefront.run(arguments, stream(out), stream(err));
    }

    private static PrintStream stream(ByteArrayOutputStream bytes) {
        return new PrintStream(bytes, true, StandardCharsets.UTF_8);
    }
}
