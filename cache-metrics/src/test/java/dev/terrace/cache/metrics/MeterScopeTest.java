package dev.terrace.cache.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.config.MeterFilter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

final class MeterScopeTest {

    private final MeterRegistry registry = new SimpleMeterRegistry();
    private final AtomicInteger refused = new AtomicInteger();
    private final MeterScope scope = new MeterScope(registry, Tags.of("cache", "products"));

    private void registerOneOfEachKind() {
        scope.gauge(CacheMeter.LOADS_RUNNING, Tags.empty(), () -> 1);
        scope.counter(CacheMeter.COALESCED, Tags.empty(), () -> 1);
        assertThat(scope.counter(CacheMeter.EXPIRATIONS, Tags.empty())).isNotNull();
        assertThat(scope.timer(CacheMeter.LOAD_DURATION, CacheMeters.result(false)))
                .isNotNull();
    }

    @Test
    void metersGoWithTheirScope() {
        registerOneOfEachKind();
        assertThat(registry.getMeters()).hasSize(4);
        scope.remove();
        assertThat(registry.getMeters()).isEmpty();
    }

    @Test
    void whatIsRegisteredWhileTheScopeIsRemovedDoesNotStay() {
        scope.remove();
        registerOneOfEachKind();
        assertThat(registry.getMeters()).isEmpty();
    }

    @Test
    void whatIsBeingRegisteredWhenTheScopeIsRemovedDoesNotStay() {
        registry.config().onMeterAdded(meter -> scope.remove());
        registerOneOfEachKind();
        assertThat(registry.getMeters()).isEmpty();
    }

    @Test
    void aMeterThatTheRegistryDoesNotRemoveKeepsNoOtherFromBeing() {
        registry.config().onMeterRemoved(meter -> {
            throw new IllegalStateException("as told");
        });
        registerOneOfEachKind();
        assertThatThrownBy(scope::remove).hasRootCauseMessage("as told");
        assertThat(registry.getMeters()).isEmpty();
    }

    @Test
    void whatTheRegistryRefusesAgainAndAgainIsNotedOnce() {
        registry.config().meterFilter(new MeterFilter() {
            @Override
            public Meter.Id map(Meter.Id id) {
                refused.incrementAndGet();
                throw new IllegalStateException("as told");
            }
        });
        for (int i = 0; i < 100; i++) {
            assertThatThrownBy(() -> scope.timer(CacheMeter.LOAD_DURATION, Tags.empty()))
                    .hasMessage("as told");
        }
        refused.set(0);
        assertThatThrownBy(scope::remove).hasRootCauseMessage("as told");
        assertThat(refused).hasValue(1);
    }
}
