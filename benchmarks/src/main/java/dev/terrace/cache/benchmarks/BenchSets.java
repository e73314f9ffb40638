package dev.terrace.cache.benchmarks;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** The sets, and what the requirements ask of each. */
final class BenchSets {

    private static final double NEAR_BAR = 0.7;
    private static final double READ_THROUGH_BAR = 1.1;
    private static final double FAR_BAR = 1.1;
    /** With many threads on one connection, whose flushes go together. */
    private static final double BUSY_FAR_BAR = 0.7;

    private static final double FULL_HIT_BAR = 1.1;
    private static final double METERED_NEAR_BAR = 1.05;
    private static final double METERED_FAR_BAR = 1.03;
    private static final double ANNOTATED_BAR = 1.5;
    private static final double CACHEABLE_BAR = 0.5;

    static final List<BenchSet> ALL = List.of(
            near(),
            readThrough(),
            far(),
            bulk(),
            memcached(),
            new FarMemorySet(),
            new CoherenceSet(),
            metrics(),
            annotated(),
            new WriteBehindSet(),
            new JournalSet(),
            new MemorySet());

    private BenchSets() {}

    static Optional<BenchSet> named(String name) {
        return ALL.stream().filter(set -> set.name().equals(name)).findFirst();
    }

    private static BenchSet near() {
        Contender plain = new Contender("Caffeine", NearHit.class, "caffeine", 1);
        Contender expiring = new Contender("Caffeine expireAfterWrite", NearHit.class, "caffeineExpiring", 1);
        Contender byHand = new Contender("hand-written", NearHit.class, "handWritten", 1);
        Contender nearOnly = new Contender("near only", NearHit.class, "terraceNearOnly", 1);
        Contender both = new Contender("near + far", NearHit.class, "terraceBothTiers", 1);
        List<Comparison> comparisons = new ArrayList<>();
        for (int threads : new int[] {1, 2}) {
            Comparison headline = compare("near hit", both, expiring, threads);
            comparisons.add(threads == 1 ? headline.atMost(NEAR_BAR).allocatingAtMost(0) : headline.asDetail());
            comparisons.add(compare("near hit", nearOnly, expiring, threads).asDetail());
            comparisons.add(compare("near hit", both, byHand, threads).asDetail());
            comparisons.add(compare("near hit", both, plain, threads).asDetail());
            comparisons.add(compare("near hit", nearOnly, plain, threads).asDetail());
        }
        return new JmhSet("near", "time of a read that the near tier answers", comparisons);
    }

    private static BenchSet readThrough() {
        Contender byHand = new Contender("hand-written", ReadThrough.class, "handWritten", 1);
        Contender ours = new Contender("near + far", ReadThrough.class, "terrace", 1);
        List<Comparison> comparisons = new ArrayList<>();
        comparisons.add(readThrough(ReadThrough.Misses.FAR, ours, byHand, 1_000, 1));
        comparisons.add(
                readThrough(ReadThrough.Misses.FAR, ours, byHand, 3_600_000, 1).asDetail());
        comparisons.add(
                readThrough(ReadThrough.Misses.FAR, ours, byHand, 1_000, 8).asDetail());
        comparisons.add(readThrough(ReadThrough.Misses.MIXED, ours, byHand, 1_000, 1));
        comparisons.add(
                readThrough(ReadThrough.Misses.LOAD, ours, byHand, 1_000, 1).asDetail());
        comparisons.add(readThrough(ReadThrough.Misses.FREE_LOAD, ours, byHand, 1_000, 1)
                .asDetail());
        return new JmhSet("readthrough", "mean time of reads of which 95 % are near hits", comparisons);
    }

    private static Comparison readThrough(
            ReadThrough.Misses misses, Contender ours, Contender byHand, int maxStaleness, int threads) {
        String what = "5 %% %s, maxStaleness %,d s".formatted(misses, maxStaleness / 1_000);
        return compare(
                        what,
                        ours.with("misses", misses).with("maxStaleness", maxStaleness),
                        byHand.with("misses", misses),
                        threads)
                .atMost(READ_THROUGH_BAR);
    }

    private static BenchSet far() {
        Contender raw = new Contender("Lettuce", FarGet.class, "lettuce", 1);
        Contender ours = new Contender("far only", FarGet.class, "terrace", 1);
        List<Comparison> comparisons = new ArrayList<>();
        Set<FarGet.Payload> inQuickRuns = EnumSet.of(FarGet.Payload.TEXT_100_B);
        for (FarGet.Payload payload : FarGet.Payload.values()) {
            for (int threads : new int[] {1, 32}) {
                Comparison comparison =
                        compare(payload.name(), ours.with("payload", payload), raw.with("payload", payload), threads);
                comparison = comparison.atMost(threads == 1 ? FAR_BAR : BUSY_FAR_BAR);
                comparisons.add(inQuickRuns.contains(payload) ? comparison : comparison.asDetail());
            }
        }
        return new JmhSet("far", "time of a read that the far tier answers, near tier off", comparisons);
    }

    private static BenchSet bulk() {
        Comparison full = Comparison.of(
                        "100 keys, all present",
                        new Contender("far only", BulkGet.class, "terraceFullHit", 1),
                        new Contender("Lettuce MGET", BulkGet.class, "lettuceFullHit", 1))
                .atMost(FULL_HIT_BAR);
        Comparison half = Comparison.of(
                "100 keys, half present",
                new Contender("far only", BulkGet.class, "terrace", 1),
                new Contender("Lettuce MGET + SETs", BulkGet.class, "lettuce", 1));
        return new JmhSet("bulk", "reads of 100 keys at once", List.of(full, half), BulkCounts::figures);
    }

    private static BenchSet metrics() {
        List<Comparison> comparisons = List.of(
                metered("near hit", "near").atMost(METERED_NEAR_BAR).allocatingAtMost(0),
                metered("far get", "far").atMost(METERED_FAR_BAR));
        return new JmhSet(
                "metrics", "time of reads with meters against the same without", comparisons, ScrapeTime::figures);
    }

    private static Comparison metered(String what, String method) {
        Contender contender = new Contender("no meters", Metered.class, method, 1);
        Contender bound = new Contender("meters bound", Metered.class, method, 1);
        return Comparison.of(
                what, bound.with("meters", Metered.Meters.PROMETHEUS), contender.with("meters", Metered.Meters.NONE));
    }

    private static BenchSet memcached() {
        List<Comparison> comparisons = new ArrayList<>();
        for (int bytes : new int[] {100, 10_000}) {
            for (int threads : new int[] {1, 32}) {
                comparisons.add(memcached("terrace", "xmemcached", bytes + " B", bytes, threads));
            }
        }
        comparisons.add(memcached("terraceBulk", "xmemcachedBulk", "100 keys of 100 B", 100, 1));
        return new JmhSet("memcached", "time of a read that Memcached answers, near tier off", comparisons);
    }

    private static Comparison memcached(String ours, String raw, String what, int bytes, int threads) {
        return compare(
                        what,
                        new Contender("far only", MemcachedGet.class, ours, 1).with("bytes", bytes),
                        new Contender("xmemcached", MemcachedGet.class, raw, 1).with("bytes", bytes),
                        threads)
                .atMost(FAR_BAR);
    }

    private static BenchSet annotated() {
        Contender byHand = new Contender("hand-written", AnnotatedHit.class, "handWritten", 1);
        Contender annotated = new Contender("annotated", AnnotatedHit.class, "annotated", 1);
        Contender cacheable = new Contender("Spring @Cacheable", AnnotatedHit.class, "cacheable", 1);
        return new JmhSet(
                "annotated",
                "time of a repository's call that the near tier answers",
                List.of(
                        Comparison.of("near hit", annotated, byHand).atMost(ANNOTATED_BAR),
                        Comparison.of("near hit", annotated, cacheable).atMost(CACHEABLE_BAR)));
    }

    private static Comparison compare(String what, Contender ours, Contender raw, int threads) {
        return Comparison.of(what, ours.threads(threads), raw.threads(threads));
    }
}
