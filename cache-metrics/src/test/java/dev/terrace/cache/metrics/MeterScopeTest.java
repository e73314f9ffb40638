package dev.terrace.cache.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import org.junit.jupiter.api.Test;

final class MeterScopeTest {

    private final MeterRegistry registry = new SimpleMeterRegistry();
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
}
