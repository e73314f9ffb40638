package dev.terrace.cache.testkit;

import dev.terrace.cache.spi.FarTier;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/** The model is a far tier. Its server's time is the test's, and goes on by 1 µs with each look. */
class InMemoryFarTierTest extends FarTierContract {

    private final AtomicLong micros = new AtomicLong(1_700_000_000_000_000L);
    final InMemoryServer server = new InMemoryServer(micros::incrementAndGet);

    @Override
    protected FarTier newTier() {
        return new InMemoryFarTier(server);
    }

    @Override
    protected void plant(String cache, String key, byte[] bytes) {
        server.plant(cache, key, bytes);
    }

    @Override
    protected void delete(String cache, String key) {
        server.delete(cache, key);
    }

    @Override
    protected void advance(Duration time) {
        micros.addAndGet(TimeUnit.NANOSECONDS.toMicros(time.toNanos()));
    }

    @Override
    protected long serverMicros() {
        return server.micros();
    }

    @Override
    protected void freeze() {
        server.freeze();
    }

    @Override
    protected void thaw() {
        server.thaw();
    }
}
