package dev.terrace.cache;

import dev.terrace.cache.spi.RecordDraft.Lifetime;
import java.time.Duration;
import java.util.function.DoubleSupplier;
import org.jspecify.annotations.Nullable;

/** How long a new entry is fresh and stale: the settings, what the entry itself says, and jitter. */
final class Lives {

    private static final Duration SHORTEST = Duration.ofMillis(1);

    private final Settings.LifeSettings settings;
    private final DoubleSupplier chance;

    Lives(Settings.LifeSettings settings, DoubleSupplier chance) {
        this.settings = settings;
        this.chance = chance;
    }

    /** The life of a value. */
    Lifetime of(EntryOptions options) {
        Duration fresh = options.fresh();
        Duration stale = options.stale();
        return new Lifetime(
                jittered(fresh == null ? settings.fresh() : fresh), stale == null ? settings.stale() : stale);
    }

    /** The life of a cached null, or null where those are not cached. */
    @Nullable
    Lifetime ofNothing(EntryOptions options) {
        Duration negative = options.negative() == null ? settings.negative() : options.negative();
        return negative == null ? null : new Lifetime(jittered(negative), Duration.ZERO);
    }

    private Duration jittered(Duration fresh) {
        if (settings.jitter() == 0) {
            return fresh;
        }
        Duration shorter = fresh.minusNanos((long) (fresh.toNanos() * settings.jitter() * chance.getAsDouble()));
        return shorter.compareTo(SHORTEST) < 0 ? fresh : shorter;
    }
}
