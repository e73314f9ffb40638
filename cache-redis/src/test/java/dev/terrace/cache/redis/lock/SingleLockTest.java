package dev.terrace.cache.redis.lock;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terrace.cache.redis.Answer;
import dev.terrace.cache.redis.RedisCallException;
import dev.terrace.cache.redis.SharedRedis;
import dev.terrace.cache.testkit.FaultyLink;
import dev.terrace.cache.testkit.RedisServer;
import io.lettuce.core.RedisClient;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

final class SingleLockTest extends LockContract {

    private final RedisServer server = RedisServer.start();

    @Override
    SharedRedis connect() {
        return SharedRedis.connect(server.uri());
    }

    @Override
    RedisServer owner(String key) {
        return server;
    }

    @AfterAll
    void stop() {
        server.close();
    }

    @Test
    void aLeaseShorterThanTheRoundTripIsAClearFailure() throws Exception {
        try (FaultyLink link = FaultyLink.to(server.port());
                SharedRedis slow = SharedRedis.connect("redis://127.0.0.1:" + link.port())) {
            RedisLock lock = RedisLock.on(slow, name, LockOptions.defaults().lease(Duration.ofMillis(20)));
            lock.isHeld().await();
            link.toClient().delay(Duration.ofMillis(60));
            assertThatThrownBy(() -> lock.acquire(Duration.ofMillis(100)).await())
                    .isInstanceOf(RedisCallException.class)
                    .hasMessageContaining("a lease has to be longer than a round trip");
        }
    }

    @Test
    void aHolderThatIsCutOffIsToldWhenItsLeaseEndsAndNotLater() throws Exception {
        BlockingQueue<Long> lost = new LinkedBlockingQueue<>();
        try (FaultyLink link = FaultyLink.to(server.port());
                SharedRedis cutOff = SharedRedis.connect("redis://127.0.0.1:" + link.port());
                SharedRedis other = connect()) {
            Duration lease = Duration.ofMillis(800);
            LockGrant grant = RedisLock.on(
                            cutOff,
                            name,
                            LockOptions.defaults().lease(lease).onLost(one -> lost.add(one.fencingNumber())))
                    .acquire(LONG)
                    .await();
            link.toServer().blackhole();
            link.toClient().blackhole();
            try (LockGrant next = RedisLock.on(other, name).acquire(LONG).await()) {
                assertThat(grant.isHeld()).isFalse();
                assertThat(next.fencingNumber()).isGreaterThan(grant.fencingNumber());
            }
            eventually("it is told", () -> lost.contains(grant.fencingNumber()));
        }
    }

    @Test
    void aReleaseThatGotLostIsTriedAgain() throws Exception {
        try (FaultyLink link = FaultyLink.to(server.port());
                SharedRedis shaky = SharedRedis.connect("redis://127.0.0.1:" + link.port());
                SharedRedis other = connect()) {
            LockOptions options = LockOptions.defaults().lease(Duration.ofMinutes(5));
            LockGrant grant =
                    RedisLock.on(shaky, name, options).acquire(Duration.ZERO).await();
            link.refuse();
            link.cut();
            grant.close();
            assertThat(RedisLock.on(other, name, options).tryAcquire().await()).isEmpty();
            link.heal();
            RedisLock.on(other, name, options).acquire(LONG).await().close();
        }
    }

    @Test
    void aWaiterOutlivesATimeInWhichRedisTakesNoWrites() {
        try (RedisServer demoted = RedisServer.start();
                SharedRedis here = SharedRedis.connect(demoted.uri());
                SharedRedis there = SharedRedis.connect(demoted.uri())) {
            LockGrant before = RedisLock.on(here, name).acquire(Duration.ZERO).await();
            var waiting = RedisLock.on(there, name).acquire(LONG);
            eventually(
                    "it waits", () -> Long.valueOf(1).equals(demoted.command("EXISTS", "lock:{" + name + "}:queue")));
            long failures = there.failures();
            demoted.command("REPLICAOF", "127.0.0.1", "1");
            eventually("it is refused", () -> waiting.isDone() || there.failures() > failures);
            demoted.command("REPLICAOF", "NO", "ONE");
            before.close();
            try (LockGrant after = waiting.await()) {
                assertThat(after.fencingNumber()).isGreaterThan(before.fencingNumber());
            }
        }
    }

    @Test
    void whoeverWaitsWhenTheApplicationShutsItsClientDownIsTold() {
        RedisClient client = RedisClient.create(server.uri());
        try (SharedRedis here = connect();
                SharedRedis given = SharedRedis.using(client).withBudget(Duration.ofMillis(500));
                LockGrant grant =
                        RedisLock.on(here, name).acquire(Duration.ZERO).await()) {
            var waiting = RedisLock.on(given, name).acquire(Duration.ofSeconds(1));
            eventually("it waits", () -> Long.valueOf(1).equals(server.command("EXISTS", "lock:{" + name + "}:queue")));
            client.shutdown(0, 2, TimeUnit.SECONDS);
            assertThat(waiting).failsWithin(Duration.ofSeconds(20));
            assertThat(grant.isHeld()).isTrue();
        }
    }

    @Test
    void aReentryThatIsCancelledWhileItIsGrantedHoldsNothing() {
        try (SharedRedis redis = connect()) {
            Ledger ledger = new Ledger(redis, "lock", name, LockOptions.defaults());
            Owner owner = new Owner.Known().of("owner");
            LockGrant grant = Acquisition.start(
                            ledger, Share.ALONE, LONG, owner, (lock, granted) -> Objects.requireNonNull(granted))
                    .await();
            AtomicReference<@Nullable Answer<LockGrant>> reentry = new AtomicReference<>();
            Owner racing = new Owner() {
                @Override
                public @Nullable LockGrant held() {
                    Answer<LockGrant> answer = reentry.get();
                    if (answer == null) {
                        return null;
                    }
                    LockGrant held = owner.held();
                    answer.cancel(true);
                    return held;
                }
            };
            reentry.set(Acquisition.start(
                    ledger, Share.ALONE, LONG, racing, (lock, granted) -> Objects.requireNonNull(granted)));
            eventually(
                    "it is cancelled",
                    () -> Objects.requireNonNull(reentry.get()).isCancelled());
            eventually(
                    "it waits no more",
                    () -> Long.valueOf(0).equals(server.command("EXISTS", "lock:{" + name + "}:queue")));
            grant.close();
            assertThat(server.command("EXISTS", "lock:{" + name + "}")).isEqualTo(0L);
        }
    }

    @Test
    void aWaiterOutlivesARestartOfRedis() {
        try (RedisServer restarted = RedisServer.start();
                SharedRedis here = SharedRedis.connect(restarted.uri());
                SharedRedis there = SharedRedis.connect(restarted.uri())) {
            RedisLock lock = RedisLock.on(here, name);
            LockGrant before = lock.acquire(Duration.ZERO).await();
            var waiting = RedisLock.on(there, name).acquire(LONG);
            eventually(
                    "it waits", () -> Long.valueOf(1).equals(restarted.command("EXISTS", "lock:{" + name + "}:queue")));
            restarted.restart();
            try (LockGrant after = waiting.await()) {
                assertThat(after.fencingNumber()).isGreaterThan(before.fencingNumber());
            }
        }
    }
}
