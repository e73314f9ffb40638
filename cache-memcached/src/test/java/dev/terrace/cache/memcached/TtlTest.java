package dev.terrace.cache.memcached;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

final class TtlTest {

    private static final long NOW = TimeUnit.SECONDS.toMicros(1_700_000_000);

    @Test
    void aLifeIsRoundedUpAndOneSecondMoreSinceTheServersMayEndAtOnce() {
        assertThat(Ttl.of(Duration.ofMillis(1), NOW)).isEqualTo(2);
        assertThat(Ttl.of(Duration.ofSeconds(1), NOW)).isEqualTo(2);
        assertThat(Ttl.of(Duration.ofMillis(1_001), NOW)).isEqualTo(3);
    }

    @Test
    void noLifeIsNotForEver() {
        assertThat(Ttl.of(Duration.ZERO, NOW)).isEqualTo(1);
        assertThat(Ttl.of(Duration.ofSeconds(-5), NOW)).isEqualTo(1);
    }

    @Test
    void moreThanThirtyDaysIsATimeOfTheServersClock() {
        assertThat(Ttl.of(Duration.ofDays(30).minusSeconds(1), NOW)).isEqualTo(30 * 86_400);
        assertThat(Ttl.of(Duration.ofDays(30), NOW)).isEqualTo(1_700_000_000 + 30 * 86_400 + 2);
    }

    @Test
    void whatTheServerCannotCountToIsForEver() {
        assertThat(Ttl.of(Duration.ofDays(36_500), NOW)).isEqualTo(Ttl.FOREVER);
        assertThat(Ttl.of(Duration.ofSeconds(Long.MAX_VALUE), NOW)).isEqualTo(Ttl.FOREVER);
    }

    @Test
    void aLeaseIsNeverForEver() {
        assertThat(Ttl.brief(Duration.ofSeconds(Long.MAX_VALUE))).isEqualTo(30 * 86_400);
        assertThat(Ttl.brief(Duration.ofSeconds(10))).isEqualTo(11);
    }
}
