package dev.terrace.cache.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terrace.cache.Cache;
import dev.terrace.cache.CacheBuilder;
import dev.terrace.cache.Caches;
import dev.terrace.cache.Near;
import dev.terrace.cache.codec.StringCodec;
import dev.terrace.cache.testkit.FaultyFarTier;
import dev.terrace.cache.testkit.FaultyFarTier.Call;
import dev.terrace.cache.testkit.FaultyFarTier.Fault;
import dev.terrace.cache.testkit.InMemoryFarTier;
import dev.terrace.cache.testkit.InMemoryServer;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

final class HealthCheckTest {

    private final AtomicBoolean databaseDown = new AtomicBoolean();
    private final FaultyFarTier tier =
            FaultyFarTier.around(new InMemoryFarTier(new InMemoryServer(() -> System.nanoTime() / 1_000)));

    private CacheBuilder<Integer, String> near(CacheBuilder<Integer, String> builder) {
        return builder.near(Near.maximumSize(100))
                .freshFor(Duration.ofMinutes(1))
                .loader(key -> {
                    if (databaseDown.get()) {
                        throw new IllegalStateException("the database is down");
                    }
                    return "v" + key;
                });
    }

    private static void failedReads(Cache<Integer, String> cache, int count) {
        for (int i = 0; i < count; i++) {
            int key = 1_000 + i;
            assertThatThrownBy(() -> cache.get(key)).hasMessage("the database is down");
        }
    }

    @Test
    void cachesThatAnswerAreUp() {
        try (Caches caches = Caches.builder().build()) {
            HealthCheck check = HealthCheck.of(caches);
            near(caches.<Integer, String>cache("products")).build().get(1);
            assertThat(check.check()).isEqualTo(new Health(Health.Status.UP, java.util.List.of()));
            assertThat(check.check().isReady()).isTrue();
        }
    }

    @Test
    void aFarTierThatFailsIsDegradedAndSoAreChangesThatWaitForIt() {
        try (Cache<Integer, String> cache =
                near(Cache.builder("products")).far(tier, StringCodec.utf8()).build()) {
            HealthCheck check = HealthCheck.of(cache);
            cache.get(1);
            assertThat(check.check().status()).isEqualTo(Health.Status.UP);
            for (Call call : Call.values()) {
                tier.always(call, Fault.fail());
            }
            cache.put(1, "one");
            for (int i = 0; i < 50; i++) {
                cache.get(100 + i);
            }
            Health health = check.check();
            assertThat(health.status()).isEqualTo(Health.Status.DEGRADED);
            assertThat(health.isReady()).isTrue();
            assertThat(health.reasons())
                    .hasSize(2)
                    .anyMatch(
                            reason -> reason.matches("cache products: 1 changes wait to be repaired in the far tier.*"))
                    .anyMatch(reason -> reason.startsWith("cache products: the far tier fails, its breaker is"));

            databaseDown.set(true);
            failedReads(cache, 5);
            assertThat(check.check().status()).isEqualTo(Health.Status.DOWN);
        }
    }

    @Test
    void loadsThatAllFailAreDownWhereNothingElseAnswers() {
        try (Cache<Integer, String> cache = near(Cache.builder("products")).build()) {
            HealthCheck check = HealthCheck.of(cache);
            cache.get(1);
            databaseDown.set(true);
            failedReads(cache, 20);
            assertThat(check.check().status())
                    .as("one load since the last check succeeded")
                    .isEqualTo(Health.Status.UP);
            failedReads(cache, 4);
            assertThat(check.check().status()).as("too few to tell").isEqualTo(Health.Status.UP);
            failedReads(cache, 5);
            assertThat(check.check())
                    .isEqualTo(new Health(
                            Health.Status.DOWN, java.util.List.of("cache products: the last 9 loads all failed")));
            databaseDown.set(false);
            cache.get(2);
            assertThat(check.check().status()).isEqualTo(Health.Status.UP);
        }
    }

    @Test
    void loadsThatAllFailAreDegradedWhileTheFarTierAnswers() {
        try (Cache<Integer, String> cache =
                near(Cache.builder("products")).far(tier, StringCodec.utf8()).build()) {
            HealthCheck check = HealthCheck.of(cache);
            databaseDown.set(true);
            failedReads(cache, 5);
            assertThat(check.check().status()).isEqualTo(Health.Status.DEGRADED);
        }
    }

    @Test
    void aClosedCacheOfARegistryIsNoReason() {
        try (Caches caches = Caches.builder().build()) {
            HealthCheck check = HealthCheck.of(caches);
            Cache<Integer, String> cache =
                    near(caches.<Integer, String>cache("products")).build();
            databaseDown.set(true);
            failedReads(cache, 5);
            cache.close();
            assertThat(check.check().status()).isEqualTo(Health.Status.UP);
        }
    }

    @Test
    void loadsThatFailSlowlyAreDownHoweverOftenItIsAsked() {
        try (Cache<Integer, String> cache = near(Cache.builder("products")).build()) {
            HealthCheck check = HealthCheck.of(cache);
            databaseDown.set(true);
            for (int load = 1; load <= 10; load++) {
                failedReads(cache, 1);
                assertThat(check.check().status())
                        .as("after %s loads", load)
                        .isEqualTo(load < 5 ? Health.Status.UP : Health.Status.DOWN);
            }
            assertThat(check.check().status())
                    .as("nobody loads, who is to be let in again")
                    .isEqualTo(Health.Status.UP);
        }
    }
}
