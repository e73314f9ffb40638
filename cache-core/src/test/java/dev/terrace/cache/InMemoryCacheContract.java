package dev.terrace.cache;

import dev.terrace.cache.codec.StringCodec;
import dev.terrace.cache.spi.FarTier;
import dev.terrace.cache.testkit.InMemoryFarTier;
import dev.terrace.cache.testkit.InMemoryServer;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** The contract in manual time. */
public abstract class InMemoryCacheContract extends CacheContract {

    private final ManualTime time = new ManualTime();
    private final InMemoryServer server =
            new InMemoryServer(() -> 1_700_000_000_000_000L + TimeUnit.NANOSECONDS.toMicros(time.nanos()));

    protected final CacheBuilder<String, String> inManualTime(String cache) {
        CacheBuilder<String, String> builder = Cache.builder(cache);
        builder.parts().ticker = time;
        builder.parts().scheduler = time;
        return builder;
    }

    protected final CacheBuilder<String, String> far(CacheBuilder<String, String> builder) {
        FarTier tier = closedLater(new InMemoryFarTier(server, time::nanos));
        return builder.far(tier, StringCodec.utf8());
    }

    /** The time that the test moves. */
    protected final long nanoTime() {
        return time.nanos();
    }

    @Override
    protected final boolean movesTime() {
        return true;
    }

    @Override
    protected final void advance(Duration passing) {
        time.advance(passing);
    }

    @Override
    protected final Duration moment() {
        return Duration.ofMinutes(1);
    }
}
