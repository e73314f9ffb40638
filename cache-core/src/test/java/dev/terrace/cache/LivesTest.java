package dev.terrace.cache;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrace.cache.spi.RecordDraft.Lifetime;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

final class LivesTest {

    private static final Duration FRESH = Duration.ofSeconds(100);
    private static final Duration STALE = Duration.ofSeconds(50);

    private static Lives lives(@Nullable Duration negative, double chance) {
        return new Lives(
                new Settings.LifeSettings(
                        FRESH, STALE, negative, null, 0.05, EarlyRefresh.none(), Duration.ofSeconds(1)),
                () -> chance);
    }

    @Test
    void jitterShortensTheFreshnessByItsShareAtMostAndNeverTheStaleness() {
        for (double chance : new double[] {0, 0.3, 0.999}) {
            Lifetime life = lives(null, chance).of(EntryOptions.DEFAULT);

            assertThat(life.fresh()).isBetween(FRESH.multipliedBy(95).dividedBy(100), FRESH);
            assertThat(life.stale()).isEqualTo(STALE);
        }
        assertThat(lives(null, 0.999).of(EntryOptions.DEFAULT).fresh()).isLessThan(FRESH);
    }

    @Test
    void anEntryMayHaveALifeOfItsOwn() {
        Lifetime life =
                lives(null, 0).of(EntryOptions.freshFor(Duration.ofSeconds(7)).withStaleFor(Duration.ofSeconds(3)));

        assertThat(life).isEqualTo(new Lifetime(Duration.ofSeconds(7), Duration.ofSeconds(3)));
        assertThat(life.whole()).isEqualTo(Duration.ofSeconds(10));
    }

    @Test
    void nothingIsCachedOnlyWhenAskedForAndHasALifeOfItsOwn() {
        assertThat(lives(null, 0).ofNothing(EntryOptions.DEFAULT)).isNull();
        assertThat(lives(Duration.ofSeconds(9), 0).ofNothing(EntryOptions.DEFAULT))
                .isEqualTo(new Lifetime(Duration.ofSeconds(9), Duration.ZERO));
    }
}
