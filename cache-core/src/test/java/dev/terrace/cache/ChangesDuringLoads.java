package dev.terrace.cache;

import static dev.terrace.cache.ScenarioNodes.nearHealth;
import static dev.terrace.cache.ScenarioNodes.soon;
import static org.assertj.core.api.Assertions.assertThat;

import dev.terrace.cache.testkit.ScenarioReport;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** X15: a key is set, removed, removed by a tag or cleared while a load runs that has read the old row. */
public final class ChangesDuringLoads {

    private static final String OLD = "old";
    private static final String NEW = "new";
    private static final Duration STALENESS = Duration.ofMillis(200);

    private ChangesDuringLoads() {}

    /** What may happen to a key while it is being loaded. */
    private enum Change {
        SET {
            @Override
            void apply(Cache<String, String> cache, String key) {
                cache.put(key, NEW, EntryOptions.tags(tag(key)));
            }
        },
        REMOVE {
            @Override
            void apply(Cache<String, String> cache, String key) {
                cache.invalidate(key);
            }
        },
        REMOVE_BY_TAG {
            @Override
            void apply(Cache<String, String> cache, String key) {
                cache.invalidateTag(tag(key));
            }
        },
        CLEAR {
            @Override
            void apply(Cache<String, String> cache, String key) {
                cache.clear();
            }
        };

        abstract void apply(Cache<String, String> cache, String key);

        static String tag(String key) {
            return "tag of " + key;
        }
    }

    /** A loader of rows that gives each a tag of its own. */
    private static ContextualLoader<String, String> tagged(Rows rows) {
        return (key, context) -> {
            context.tags(Change.tag(key));
            return rows.read(key);
        };
    }

    /** The change is made on the node that loads. */
    public static void onOneNode(ScenarioNodes on) {
        int rounds = 25;
        Rows rows = new Rows();
        Cache<String, String> cache = on.node("x15", builder -> builder.loader(tagged(rows)));
        List<String> keys = new ArrayList<>();

        for (Change change : Change.values()) {
            for (int round = 0; round < rounds; round++) {
                String key = change + "-" + round;
                keys.add(key);
                rows.set(key, OLD);
                Rows.Held load = rows.holdNext(key);
                CompletableFuture<String> waiter = cache.async().get(key);
                load.awaitRead();
                rows.set(key, NEW);
                change.apply(cache, key);

                CompletableFuture<String> during = cache.async().get(key);
                if (change == Change.SET || change == Change.REMOVE) {
                    // The others name no key: what the old load is good for is known only when it ends.
                    assertThat(soon(during))
                            .as("%s, read while the old load runs", key)
                            .isEqualTo(NEW);
                }
                load.release();
                assertThat(soon(waiter)).isIn(OLD, NEW);
                assertThat(soon(during))
                        .as("%s, read begun while the old load ran", key)
                        .isEqualTo(NEW);
                assertThat(cache.get(key))
                        .as("%s, read after the old load", key)
                        .isEqualTo(NEW);
            }
        }

        assertThat(keys).allSatisfy(key -> assertThat(cache.get(key)).isEqualTo(NEW));
        for (int again = 0; again < 10; again++) {
            assertThat(keys)
                    .allSatisfy(key -> assertThat(cache.getIfPresent(key)).isEqualTo(NEW));
        }
        assertThat(cache.stats().near().hitRatio()).isGreaterThan(0.5);
        ScenarioReport.figure(
                "X15",
                on.variant(),
                "0 reads of the old value after " + keys.size() + " changes; " + nearHealth(cache));
    }

    /** A load that is held after it has read the old row. */
    private record Loading(String key, Rows.Held load, CompletableFuture<String> waiter) {}

    /**
     * The change is made on another node than the load.
     *
     * @param rounds of each change, whose loads run at once
     */
    public static void onTwoNodes(ScenarioNodes on, int rounds) {
        Rows rowsOfA = new Rows();
        Rows rowsOfB = new Rows();
        Cache<String, String> a =
                on.node("x15-two", builder -> builder.maxStaleness(STALENESS).loader(tagged(rowsOfA)));
        Cache<String, String> b =
                on.node("x15-two", builder -> builder.maxStaleness(STALENESS).loader(tagged(rowsOfB)));
        List<String> keys = new ArrayList<>();

        for (Change change : Change.values()) {
            List<Loading> loadings = new ArrayList<>();
            for (int round = 0; round < rounds; round++) {
                String key = change + "-" + round;
                keys.add(key);
                rowsOfA.set(key, OLD);
                Rows.Held load = rowsOfA.holdNext(key);
                CompletableFuture<String> waiter = a.async().get(key);
                load.awaitRead();
                rowsOfA.set(key, NEW);
                rowsOfB.set(key, NEW);
                loadings.add(new Loading(key, load, waiter));
            }
            for (Loading loading : loadings) {
                change.apply(b, loading.key());
                if (change == Change.SET || change == Change.REMOVE) {
                    // A lease outlives an invalidation that names no key: until the load ends B waits for A.
                    assertThat(soon(b.async().get(loading.key())))
                            .as("%s, read on the changing node while the old load runs", loading.key())
                            .isEqualTo(NEW);
                }
            }
            long acknowledged = System.nanoTime();
            Eventually.holds(
                    "the staleness bound passes",
                    () -> System.nanoTime() - acknowledged > STALENESS.toNanos() * 11 / 10);
            for (Loading loading : loadings) {
                String key = loading.key();
                CompletableFuture<String> late = a.async().get(key);
                loading.load().release();
                assertThat(soon(loading.waiter())).isIn(OLD, NEW);
                assertThat(soon(late))
                        .as("%s, read on the loading node after the staleness bound", key)
                        .isEqualTo(NEW);
                assertThat(b.get(key)).as("%s, read on the changing node", key).isEqualTo(NEW);
                assertThat(a.get(key)).as("%s, read on the loading node", key).isEqualTo(NEW);
            }
        }

        Cache<String, String> fresh = on.nodeWithoutNear("x15-two");
        assertThat(keys).allSatisfy(key -> {
            assertThat(a.get(key)).isEqualTo(NEW);
            assertThat(b.get(key)).isEqualTo(NEW);
            assertThat(fresh.getIfPresent(key)).as("%s in the far tier", key).isEqualTo(NEW);
        });
        for (int again = 0; again < 10; again++) {
            keys.forEach(a::get);
        }
        assertThat(a.stats().near().hitRatio()).isGreaterThan(0.5);
        long offered = a.stats().far().fills() + a.stats().far().refusedFills();
        ScenarioReport.figure(
                "X15",
                on.variant() + ", two nodes",
                "0 reads of the old value after " + keys.size() + " changes, "
                        + a.stats().far().refusedFills() + " of " + offered + " fills refused; " + nearHealth(a));
    }

    /** What the far tier has afterwards. */
    public static void inTheFarTier(ScenarioNodes on) {
        Rows rows = new Rows();
        Cache<String, String> node = on.node("x15-far", builder -> builder.loader(tagged(rows)));
        Cache<String, String> fresh = on.nodeWithoutNear("x15-far");

        for (Change change : Change.values()) {
            for (int round = 0; round < 10; round++) {
                String key = change + "-" + round;
                rows.set(key, OLD);
                Rows.Held load = rows.holdNext(key);
                CompletableFuture<String> waiter = node.async().get(key);
                load.awaitRead();
                rows.set(key, NEW);
                change.apply(node, key);
                load.release();
                soon(waiter);
                assertThat(node.get(key)).isEqualTo(NEW);
                Eventually.holds("the load is over", () -> node.stats().loads().running() == 0);
                assertThat(fresh.getIfPresent(key))
                        .as("%s in the far tier", key)
                        .isNotEqualTo(OLD);
            }
        }
        ScenarioReport.figure("X15", on.variant() + ", far records", "0 old records after 40 changes");
    }
}
