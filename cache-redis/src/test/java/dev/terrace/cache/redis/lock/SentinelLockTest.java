package dev.terrace.cache.redis.lock;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrace.cache.redis.SharedRedis;
import dev.terrace.cache.testkit.RedisSentinel;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.Test;

final class SentinelLockTest {

    @Test
    void afterAFailoverALockIsHeldOnOrLostWithNoticeAndNumbersGoOnRising() {
        try (RedisSentinel sentinel = RedisSentinel.start();
                SharedRedis redis = SharedRedis.connect(sentinel.uri());
                SharedRedis other = SharedRedis.connect(sentinel.uri())) {
            BlockingQueue<Long> lost = new LinkedBlockingQueue<>();
            LockOptions options = LockOptions.defaults()
                    .lease(Duration.ofSeconds(30))
                    .onLost(grant -> lost.add(grant.fencingNumber()));
            LockGrant replicated =
                    RedisLock.on(redis, "long", options).acquire(Duration.ZERO).await();
            LockGrant brief = RedisLock.on(redis, "brief", options.lease(Duration.ofMillis(600)))
                    .acquire(Duration.ZERO)
                    .await();
            assertThat(sentinel.primary().command("WAIT", 1, 10_000)).isEqualTo(1L);
            var waiting = RedisLock.on(other, "long", options).acquire(Duration.ofSeconds(60));

            sentinel.killPrimary();

            // Longer than its lease without a primary: lost, and its holder knows.
            LockContract.eventually("it is told", () -> lost.contains(brief.fencingNumber()));
            assertThat(brief.isHeld()).isFalse();
            // What was replicated is still held, and still kept from others.
            assertThat(replicated.isHeld()).isTrue();
            assertThat(waiting).isNotDone();
            replicated.close();
            try (LockGrant next = waiting.await()) {
                assertThat(next.fencingNumber()).isGreaterThan(replicated.fencingNumber());
            }
        }
    }
}
