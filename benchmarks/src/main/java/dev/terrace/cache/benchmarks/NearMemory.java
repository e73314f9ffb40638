package dev.terrace.cache.benchmarks;

import com.github.benmanes.caffeine.cache.Caffeine;
import dev.terrace.cache.Cache;
import dev.terrace.cache.Near;
import dev.terrace.cache.codec.BytesCodec;
import dev.terrace.cache.redis.RedisFarTier;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryType;
import java.lang.ref.Reference;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import javax.management.JMException;
import javax.management.ObjectName;

/**
 * What a near tier retains, measured in a JVM of its own: {@code java … NearMemory CONTENDER ENTRIES} prints, a line each,
 * a class, a tab, and the bytes that its live objects take more than before the entries were put; and the same for the
 * whole heap as {@value #HEAP}.
 *
 * <p>The two are independent: the heap's use after a full collection, and the VM's walk over live objects.
 */
final class NearMemory {

    static final String HEAP = "(heap)";

    private static final int VALUE_BYTES = 100;
    private static final int BATCH = 500;
    private static final int WARM = 1_000;
    private static final Duration LIFE = Duration.ofHours(1);

    /** Who keeps the entries. */
    enum Holder {
        CAFFEINE {
            @Override
            void hold(int entries, Consumer<Filling> use) {
                com.github.benmanes.caffeine.cache.Cache<Long, byte[]> cache =
                        Caffeine.newBuilder().maximumSize(WARM + entries).build();
                use.accept(new Filling(cache, cache::putAll, cache::estimatedSize));
            }
        },
        CAFFEINE_EXPIRING {
            @Override
            void hold(int entries, Consumer<Filling> use) {
                com.github.benmanes.caffeine.cache.Cache<Long, byte[]> cache = Caffeine.newBuilder()
                        .maximumSize(WARM + entries)
                        .expireAfterWrite(LIFE)
                        .build();
                use.accept(new Filling(cache, cache::putAll, cache::estimatedSize));
            }
        },
        TERRACE_NEAR_ONLY {
            @Override
            void hold(int entries, Consumer<Filling> use) {
                try (Cache<Long, byte[]> cache = Cache.<Long, byte[]>builder("memory")
                        .near(Near.maximumSize(WARM + entries))
                        .freshFor(LIFE)
                        .build()) {
                    use.accept(new Filling(
                            cache, cache::putAll, () -> cache.stats().near().size()));
                }
            }
        },
        TERRACE_BOTH_TIERS {
            @Override
            void hold(int entries, Consumer<Filling> use) {
                RawRedis.flush();
                try (RedisFarTier redis = RedisFarTier.connect(RedisAddress.get());
                        Cache<Long, byte[]> cache = Cache.<Long, byte[]>builder("memory")
                                .near(Near.maximumSize(WARM + entries))
                                .far(redis, BytesCodec.create())
                                .farBudget(Far.BUDGET)
                                .maxStaleness(LIFE)
                                .freshFor(LIFE)
                                .build()) {
                    // One of the entries to come.
                    Far.awaitStored(cache, 0L, new byte[VALUE_BYTES]);
                    use.accept(new Filling(
                            cache,
                            values -> cache.getAll(values.keySet(), keys -> values),
                            () -> cache.stats().near().size()));
                }
            }
        };

        abstract void hold(int entries, Consumer<Filling> use);
    }

    /** A cache, how to put values into it, and how many it has. */
    record Filling(Object cache, Consumer<Map<Long, byte[]>> values, LongSupplier size) {

        void put(long first, int count) {
            for (long from = first; from < first + count; from += BATCH) {
                Map<Long, byte[]> batch = new HashMap<>();
                for (long key = from; key < Math.min(from + BATCH, first + count); key++) {
                    batch.put(key, new byte[VALUE_BYTES]);
                }
                values.accept(batch);
                long end = Math.min(from + BATCH, first + count);
                Far.await(() -> size.getAsLong() >= end);
            }
        }
    }

    private NearMemory() {}

    public static void main(String[] args) {
        Holder holder = Holder.valueOf(args[0]);
        int entries = Integer.parseInt(args[1]);
        holder.hold(entries, filling -> measure(filling, entries));
        System.exit(0);
    }

    private static void measure(Filling filling, int entries) {
        Map<String, Long> before;
        Map<String, Long> after;
        try {
            filling.put(0, WARM);
            before = live();
            filling.put(WARM, entries);
            after = live();
        } finally {
            Reference.reachabilityFence(filling.cache());
        }
        long kept = filling.size().getAsLong();
        if (kept != WARM + entries) {
            throw new IllegalStateException("put " + (WARM + entries) + " entries, kept " + kept);
        }
        after.forEach((type, bytes) -> {
            long more = bytes - before.getOrDefault(type, 0L);
            if (more != 0) {
                System.out.println(type + "\t" + more);
            }
        });
    }

    /** Bytes of live objects by class, and of the heap. */
    private static Map<String, Long> live() {
        Map<String, Long> bytes = new TreeMap<>();
        for (int i = 0; i < 5; i++) {
            System.gc();
        }
        bytes.put(HEAP, heapAfterCollection());
        for (String line : histogram().split("\n", -1)) {
            // "  12:   1000   24000  java.lang.Long (java.base@17)"
            String[] fields = line.strip().split("\\s+", -1);
            if (fields.length >= 4 && fields[0].matches("\\d+:")) {
                bytes.merge(fields[3], Long.parseLong(fields[2]), Long::sum);
            }
        }
        return bytes;
    }

    /** What the last collection left: nothing that was allocated since. */
    private static long heapAfterCollection() {
        return ManagementFactory.getMemoryPoolMXBeans().stream()
                .filter(pool -> pool.getType() == MemoryType.HEAP)
                .mapToLong(pool -> pool.getCollectionUsage().getUsed())
                .sum();
    }

    private static String histogram() {
        try {
            return (String) ManagementFactory.getPlatformMBeanServer()
                    .invoke(
                            new ObjectName("com.sun.management:type=DiagnosticCommand"),
                            "gcClassHistogram",
                            new Object[] {new String[0]},
                            new String[] {String[].class.getName()});
        } catch (JMException e) {
            throw new IllegalStateException("this JVM does not count live objects", e);
        }
    }
}
