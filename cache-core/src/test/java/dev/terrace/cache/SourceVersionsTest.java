package dev.terrace.cache;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Without a far tier to judge it, the near tier keeps a newer version of the source from being replaced by an older one. */
final class SourceVersionsTest {

    private final ManualTime time = new ManualTime();
    private final Cache<Integer, String> cache = built();
    private String row = "";
    private long rowVersion;

    private Cache<Integer, String> built() {
        CacheBuilder<Integer, String> builder = Cache.<Integer, String>builder("test")
                .near(Near.maximumSize(1_000))
                .freshFor(Duration.ofMinutes(1))
                .staleFor(Duration.ofHours(1))
                .jitter(0)
                .loader((key, context) -> {
                    context.sourceVersion(rowVersion);
                    return row;
                });
        builder.parts().ticker = time;
        builder.parts().scheduler = time;
        builder.parts().callbacks = Runnable::run;
        builder.parts().loads = load -> {
            load.run();
            return () -> {};
        };
        return builder.build();
    }

    @AfterEach
    void close() {
        cache.close();
    }

    private static EntryOptions version(long version) {
        return EntryOptions.DEFAULT.withSourceVersion(version);
    }

    @Test
    void aPutOfAnOlderVersionChangesNothing() {
        cache.put(1, "newer", version(2));
        cache.put(1, "older", version(1));

        assertThat(cache.getIfPresent(1)).isEqualTo("newer");
    }

    @Test
    void aPutOfTheSameOrANewerOrNoVersionReplaces() {
        cache.put(1, "a", version(2));
        cache.put(1, "b", version(2));
        assertThat(cache.getIfPresent(1)).isEqualTo("b");
        cache.put(1, "c", version(3));
        assertThat(cache.getIfPresent(1)).isEqualTo("c");
        cache.putAll(Map.of(1, "d"));
        assertThat(cache.getIfPresent(1)).isEqualTo("d");
        cache.put(1, "e", version(1));
        assertThat(cache.getIfPresent(1)).isEqualTo("e");
    }

    @Test
    void changesThatAreAppliedTogetherAreJudgedOneByOne() {
        cache.put(1, "newer", version(2));
        try (Changes<Integer, String> changes = cache.changes()) {
            changes.put(1, "older", version(1)).put(2, "other", version(1)).apply();
        }

        assertThat(cache.getIfPresent(1)).isEqualTo("newer");
        assertThat(cache.getIfPresent(2)).isEqualTo("other");
    }

    @Test
    void aPutIfAbsentOfAnOlderVersionThanAValueThatCountsAsNoneIsRefused() {
        cache.put(1, "newer", version(2).withTags("t"));
        cache.invalidateTag("t");
        assertThat(cache.getIfPresent(1)).isNull();

        assertThat(cache.putIfAbsent(1, "older", version(1))).isFalse();
        assertThat(cache.getIfPresent(1)).isNull();
        assertThat(cache.putIfAbsent(1, "newest", version(3))).isTrue();
        assertThat(cache.getIfPresent(1)).isEqualTo("newest");
    }

    @Test
    void aLoadOfAnOlderVersionIsGivenToItsCallersAndNotKept() {
        cache.put(1, "newer", version(2));
        row = "older";
        rowVersion = 1;

        assertThat(cache.refresh(1)).isEqualTo("older");

        assertThat(cache.getIfPresent(1)).isEqualTo("newer");
        assertThat(cache.stats().near().refusedInserts()).isEqualTo(1);
        rowVersion = 3;
        assertThat(cache.refresh(1)).isEqualTo("older");
        assertThat(cache.getIfPresent(1)).isEqualTo("older");
    }

    @Test
    void anInvalidationForgetsTheVersion() {
        cache.put(1, "newer", version(2));
        cache.invalidate(1);
        cache.put(1, "older", version(1));

        assertThat(cache.getIfPresent(1)).isEqualTo("older");
    }

    @Test
    void whereTheFarTierDecidesTheNearTierFollowsIt() {
        try (Fleet fleet = new Fleet()) {
            Fleet.Node node = fleet.node();
            node.cache.put(1, "newer", version(2));
            // A far tier that has lost what it had, as after a failover.
            fleet.server.delete(Fleet.CACHE, "1");
            node.cache.put(1, "older", version(1));

            assertThat(node.copy(1).value).isEqualTo("older");
        }
    }

    @Test
    void whatTheFarTierTookOfALoadIsKeptNearInPlaceOfANewerCopy() {
        try (Fleet fleet = new Fleet()) {
            Fleet.Node node = fleet.node(builder -> builder.loader((key, context) -> {
                context.sourceVersion(1);
                return "older";
            }));
            node.cache.put(1, "newer", version(2));
            fleet.server.delete(Fleet.CACHE, "1");
            fleet.time.advance(Fleet.MAX_STALENESS);

            assertThat(node.read(1)).isEqualTo("older");

            assertThat(node.copy(1).value).isEqualTo("older");
        }
    }
}
