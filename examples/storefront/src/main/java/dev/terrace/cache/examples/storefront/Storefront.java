package dev.terrace.cache.examples.storefront;

import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionException;

/** The demo: measures a shop's traffic without and with a cache, and then tries what is hard for caches. */
public final class Storefront {

    private static final Duration FRESH_FOR = Duration.ofMinutes(5);
    private static final Duration LONGEST_SAMPLE = Duration.ofSeconds(4);
    private static final int OUTAGE_NEAR_SIZE = 10 * Outage.PRODUCTS;

    private final Options options;
    private final Outage.Pace outagePace;
    private final Progress progress;

    private Storefront(Options options, Outage.Pace outagePace, Progress progress) {
        this.options = options;
        this.outagePace = outagePace;
        this.progress = progress;
    }

    /**
     * Runs the demo. Ends with status 0 if the library has held what it promises, 1 if not or if something failed, 2 if the
     * arguments are wrong.
     *
     * @param arguments see {@code --help}
     */
    public static void main(String[] arguments) {
        System.exit(run(arguments, System.out, System.err));
    }

    /** As {@link #main}, but returns the status instead of ending the process. */
    static int run(String[] arguments, PrintStream out, PrintStream err) {
        try {
            Options options = Options.parse(arguments);
            if (options.help()) {
                out.print(Options.HELP);
                return 0;
            }
            Report report = measure(options, Outage.Pace.SHOWN, new Progress(out, Progress.isTerminal()));
            out.print(TextReport.of(report));
            HtmlReport.write(report, options.report());
            out.println();
            out.println("With plots: " + options.report().toAbsolutePath().normalize());
            return report.allPromisesHeld() ? 0 : 1;
        } catch (BadArgumentException e) {
            err.println("storefront: " + e.getMessage());
            return 2;
        } catch (DatabaseException e) {
            err.println("storefront: " + e.getMessage());
            return 1;
        }
    }

    /** Runs everything and returns what came of it. */
    static Report measure(Options options, Outage.Pace outagePace, Progress progress) {
        try {
            return new Storefront(options, outagePace, progress).measure();
        } finally {
            progress.end();
        }
    }

    private Report measure() {
        progress.begin("Preparing the traffic");
        Traffic traffic = traffic();
        int products = Math.max(options.products(), traffic.products());
        progress.begin("Preparing the catalogue");
        Path catalogue = Catalogue.file(Workplace.directory().resolve("storefront-data"), products, progress);
        try (WorkingCopy copy = WorkingCopy.of(catalogue);
                Database database = Database.open(copy.file(), options.threads(), options.databaseLatency());
                SharedTier shared = SharedTier.of(options);
                Shop shop = shop(database, shared, settings());
                Shop outageShop = shop(database, shared, outageSettings())) {
            Replay direct = readDirectly(traffic, database);
            Duration timeInSql = database.meanTimeInSql();
            Report.Reading reading = readCached(traffic, shop, database, direct);
            Report.Scenes scenes = scenes(shop, outageShop, database);
            int nodes = shop.nodes().size();
            return new Report(new Report.Setup(traffic, options, nodes, products, timeInSql), reading, scenes);
        }
    }

    private CachedProducts.Settings settings() {
        return new CachedProducts.Settings("storefront", options.nearSize(), FRESH_FOR, PriceChanges.MAX_STALENESS);
    }

    private static CachedProducts.Settings outageSettings() {
        return new CachedProducts.Settings(
                "storefront-outage", OUTAGE_NEAR_SIZE, Outage.FRESH_FOR, Outage.MAX_STALENESS);
    }

    private static Shop shop(Database database, SharedTier shared, CachedProducts.Settings settings) {
        Shop shop = new Shop(new JdbcProducts(database), settings, shared.connections());
        try {
            shop.forgetEverything();
        } catch (CompletionException e) {
            shop.close();
            throw new BadArgumentException("--redis", "no answer; " + e.getCause(), e);
        }
        return shop;
    }

    private Replay readDirectly(Traffic traffic, Database database) {
        progress.begin("Reading without a cache");
        Duration time = options.time().compareTo(LONGEST_SAMPLE) < 0 ? options.time() : LONGEST_SAMPLE;
        Replay.Limit limit = new Replay.Limit(options.threads(), options.requests(), time);
        return Replay.run(traffic, List.of(new JdbcProducts(database)), limit, progress);
    }

    private Report.Reading readCached(Traffic traffic, Shop shop, Database database, Replay direct) {
        progress.begin("Reading with Terrace");
        Replay.Limit limit = new Replay.Limit(options.threads(), options.requests(), options.time());
        Counts before = Counts.of(shop.stats(), database);
        Timeline timeline = Timeline.start(() -> Counts.of(shop.stats(), database));
        Replay cached = Replay.run(traffic, shop.nodes(), limit, progress);
        List<Timeline.Interval> intervals = timeline.stop();
        Counts counts = Counts.of(shop.stats(), database).minus(before);
        return new Report.Reading(direct, cached, counts, intervals, shop.failures());
    }

    private Report.Scenes scenes(Shop shop, Shop outageShop, Database database) {
        progress.begin("Showing a page of many products");
        ListingPage listing = ListingPage.show(shop, database);
        progress.begin("Many callers for one product");
        Burst burst = Burst.run(shop, database);
        progress.begin("Changing prices while others read");
        PriceChanges changes = PriceChanges.run(shop, options.threads());
        progress.begin("Switching the database off and on");
        Outage outage = Outage.run(outageShop, database, outagePace, options.threads(), progress);
        return new Report.Scenes(listing, burst, changes, outage);
    }

    private Traffic traffic() {
        Path trace = options.trace();
        return trace == null ? Zipf.traffic(options.products()) : Trace.traffic(trace);
    }
}
