package dev.terrace.cache.redis.lock;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terrace.cache.redis.Answer;
import dev.terrace.cache.redis.RedisCallException;
import dev.terrace.cache.redis.SharedRedis;
import dev.terrace.cache.testkit.RedisServer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.TestInstance;

/** What holds of locks on any Redis. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class LockContract {

    static final Duration LONG = Duration.ofSeconds(30);

    /** Nobody asks again by himself: only messages wake. */
    private static final LockOptions ONLY_WOKEN =
            LockOptions.defaults().lease(Duration.ofMinutes(10)).recheck(Duration.ofMinutes(5));

    String name = "";
    private SharedRedis here;
    private SharedRedis there;

    /** A new connection. */
    abstract SharedRedis connect();

    /** The server that has a key. */
    abstract RedisServer owner(String key);

    @BeforeEach
    void connectTwoProcesses(TestInfo test) {
        name = test.getTestMethod().orElseThrow().getName();
        // A starved machine must not fail what is not about time.
        here = connect().withBudget(LONG);
        there = connect().withBudget(LONG);
        RedisLock.on(here, name).isHeld().await();
        RedisLock.on(there, name).isHeld().await();
    }

    @AfterEach
    void closeBoth() {
        here.close();
        there.close();
    }

    private RedisLock here(LockOptions options) {
        return RedisLock.on(here, name, options);
    }

    private RedisLock there(LockOptions options) {
        return RedisLock.on(there, name, options);
    }

    private Object redis(String command, String key, Object... args) {
        List<Object> all = new ArrayList<>(List.of(command, key));
        all.addAll(List.of(args));
        return String.valueOf(owner(key).command(all.toArray()));
    }

    private String key(String kind, String suffix) {
        return kind + ":{" + name + "}" + suffix;
    }

    private void assertNothingIsLeft(String kind) {
        for (String suffix : List.of("", ":queue", ":alive")) {
            eventually(
                    suffix + " is empty",
                    () -> redis("EXISTS", key(kind, suffix)).equals("0"));
        }
    }

    @Test
    void oneHasItAndAnotherGetsItAfterTheReleaseUnderALargerNumber() {
        RedisLock lock = here(LockOptions.defaults());
        LockGrant grant = lock.acquire(Duration.ZERO).await();
        assertThat(grant.isHeld()).isTrue();
        assertThat(grant.remaining()).isBetween(Duration.ofSeconds(1), Duration.ofSeconds(30));
        assertThat(lock.isHeld().await()).isTrue();
        assertThat(there(LockOptions.defaults()).tryAcquire().await()).isEmpty();
        assertThatThrownBy(() -> lock.acquire(Duration.ofMillis(1)).await())
                .isInstanceOf(LockTimeoutException.class)
                .hasMessage("lock \"" + name + "\" was not to be had within PT0.001S");

        assertThat(grant.release().await()).isTrue();

        assertThat(grant.isHeld()).isFalse();
        assertThat(grant.release().await()).isFalse();
        assertThat(lock.isHeld().await()).isFalse();
        try (LockGrant next =
                there(LockOptions.defaults()).acquire(Duration.ZERO).await()) {
            assertThat(next.fencingNumber()).isGreaterThan(grant.fencingNumber());
        }
        assertNothingIsLeft("lock");
    }

    @Test
    void aReleaseWakesAWaiterElsewhereWithoutPolling() {
        LockGrant grant = here(ONLY_WOKEN).acquire(Duration.ZERO).await();
        Answer<LockGrant> waiting = there(ONLY_WOKEN).acquire(LONG);
        eventually(
                "it stands in the queue",
                () -> redis("ZCARD", key("lock", ":queue")).equals("1"));
        // The second try, where the first came before the channel was heard.
        RedisServer.awaitTime(Duration.ofMillis(300));
        long calls = there.calls();
        RedisServer.awaitTime(Duration.ofMillis(700));
        assertThat(there.calls()).isEqualTo(calls).isLessThanOrEqualTo(3);
        grant.close();
        waiting.await().close();
        assertNothingIsLeft("lock");
    }

    @Test
    void aWaiterThatLeavesOrEndsWakesTheNext() {
        LockGrant grant = here(ONLY_WOKEN.fair()).acquire(Duration.ZERO).await();
        Answer<LockGrant> first = there(ONLY_WOKEN.fair()).acquire(LONG);
        eventually("one waits", () -> redis("ZCARD", key("lock", ":queue")).equals("1"));
        Answer<LockGrant> second = here(ONLY_WOKEN.fair()).acquire(LONG);
        eventually("two wait", () -> redis("ZCARD", key("lock", ":queue")).equals("2"));
        first.cancel(true);
        eventually("one has left", () -> redis("ZCARD", key("lock", ":queue")).equals("1"));
        grant.close();
        second.await().close();
        assertNothingIsLeft("lock");
    }

    @Test
    void theFairOneServesInTheOrderOfComing() {
        LockOptions fair = LockOptions.defaults().fair();
        LockGrant grant = here(fair).acquire(Duration.ZERO).await();
        BlockingQueue<Integer> order = new LinkedBlockingQueue<>();
        List<Answer<LockGrant>> waiting = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            int number = i;
            Answer<LockGrant> one = (i % 2 == 0 ? here(fair) : there(fair)).acquire(LONG);
            one.thenAccept(granted -> {
                order.add(number);
                granted.release();
            });
            waiting.add(one);
            eventually("it waits", () -> redis("ZCARD", key("lock", ":queue")).equals(String.valueOf(number + 1)));
        }
        assertThat(there(fair).tryAcquire().await()).isEmpty();
        grant.close();
        waiting.forEach(Answer::await);
        eventually("all were served", () -> order.size() == 6);
        assertThat(order).containsExactly(0, 1, 2, 3, 4, 5);
        assertNothingIsLeft("lock");
    }

    @Test
    void aWaiterOfADeadProcessHoldsUpTheOthersForAShortTimeOnly() {
        LockOptions fair = LockOptions.defaults().fair();
        LockGrant grant = here(fair).acquire(Duration.ZERO).await();
        // As a process that was killed leaves it.
        long now = owner(key("lock", "")).micros() / 1_000;
        redis("ZADD", key("lock", ":queue"), 1, "nobody|1");
        redis("ZADD", key("lock", ":alive"), now + 1_000, "nobody|1");
        long start = System.nanoTime();
        grant.close();
        try (LockGrant next = here(fair).acquire(LONG).await()) {
            assertThat(next.isHeld()).isTrue();
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(20));
        }
    }

    @Test
    void itIsRenewedWhileItIsHeldAndEndsWhenItIsNotRenewed() {
        BlockingQueue<LockGrant> lost = new LinkedBlockingQueue<>();
        // A starved machine must not let it end.
        LockOptions ample = LockOptions.defaults().lease(Duration.ofSeconds(6)).onLost(lost::add);
        LockGrant renewed = here(ample).acquire(LONG).await();
        double ends = endOfLease();
        eventually("it is renewed", () -> endOfLease() > ends);
        assertThat(renewed.isHeld()).isTrue();
        assertThat(there(ample).tryAcquire().await()).isEmpty();
        assertThat(lost).isEmpty();
        renewed.close();

        LockOptions brief = ample.lease(Duration.ofMillis(500));
        LockGrant left = here(brief.renewFor(Duration.ZERO)).acquire(LONG).await();
        try (LockGrant next = there(ample).acquire(LONG).await()) {
            assertThat(next.fencingNumber()).isGreaterThan(left.fencingNumber());
            assertThat(left.isHeld()).isFalse();
            eventually("it was told", () -> lost.size() == 1);
            assertThat(lost.element().fencingNumber()).isEqualTo(left.fencingNumber());
            assertThat(left.release().await()).isFalse();
            assertThat(next.isHeld()).isTrue();
        }
    }

    /** By the server's clock, in milliseconds. */
    private double endOfLease() {
        List<?> holder = (List<?>)
                Objects.requireNonNull(owner(key("lock", "")).command("ZRANGE", key("lock", ""), 0, 0, "WITHSCORES"));
        return Double.parseDouble(new String((byte[]) holder.get(1), StandardCharsets.US_ASCII));
    }

    @Test
    void aGrantThatRedisForgotIsLost() {
        BlockingQueue<LockGrant> lost = new LinkedBlockingQueue<>();
        LockOptions brief = LockOptions.defaults().lease(Duration.ofMillis(900)).onLost(lost::add);
        LockGrant grant = here(brief).acquire(LONG).await();
        redis("DEL", key("lock", ""));
        eventually("it is told", () -> lost.size() == 1);
        assertThat(grant.isHeld()).isFalse();
        assertThat(grant.remaining()).isZero();
        assertThatThrownBy(grant::reenter).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void aLostFencingNumberDoesNotBeginAnew() {
        LockGrant first = here(LockOptions.defaults()).acquire(Duration.ZERO).await();
        first.close();
        redis("DEL", key("lock", ":fence"));
        try (LockGrant second =
                here(LockOptions.defaults()).acquire(Duration.ZERO).await()) {
            assertThat(second.fencingNumber()).isGreaterThan(first.fencingNumber());
        }
    }

    @Test
    void aClockThatStepsBackKeepsNobodyOutForLongerThanALease() {
        LockOptions brief = LockOptions.defaults().lease(Duration.ofMillis(500)).renewFor(Duration.ZERO);
        here(brief).acquire(LONG).await();
        String holder = new String(
                (byte[]) ((List<?>) owner(key("lock", "")).command("ZRANGE", key("lock", ""), 0, 0)).get(0),
                StandardCharsets.US_ASCII);
        // What is there after a step back by an hour.
        redis("ZADD", key("lock", ""), owner(key("lock", "")).micros() / 1_000 + 3_600_000, holder);
        redis("PEXPIRE", key("lock", ""), 3_600_000);
        there(brief).acquire(LONG).await().close();
    }

    @Test
    void anOwnerGetsItAgainAndOthersWaitUntilAllIsReleased() {
        RedisLock lock = here(LockOptions.defaults());
        LockGrant outer = lock.ownedBy("a request").acquire(Duration.ZERO).await();
        long calls = here.calls();
        LockGrant inner = lock.ownedBy("a request").acquire(Duration.ZERO).await();
        LockGrant innermost = inner.reenter();
        assertThat(here.calls()).isEqualTo(calls);
        assertThat(innermost.fencingNumber()).isEqualTo(outer.fencingNumber());
        assertThat(lock.ownedBy("another").tryAcquire().await()).isEmpty();
        assertThat(lock.tryAcquire().await()).isEmpty();
        outer.close();
        outer.close();
        inner.close();
        assertThat(lock.tryAcquire().await()).isEmpty();
        assertThat(innermost.isHeld()).isTrue();
        innermost.close();
        lock.ownedBy("another").acquire(Duration.ZERO).await().close();
        assertThatThrownBy(inner::reenter).isInstanceOf(IllegalStateException.class);
        assertNothingIsLeft("lock");
    }

    @Test
    void anInterruptedOrCancelledWaiterLeavesNothingBehind() throws Exception {
        LockGrant grant = here(LockOptions.defaults()).acquire(Duration.ZERO).await();
        BlockingQueue<Object> outcome = new LinkedBlockingQueue<>();
        Thread waiter = new Thread(() -> {
            try {
                outcome.add(there(LockOptions.defaults()).acquire(LONG).await());
            } catch (RedisCallException e) {
                outcome.add(e.reason() + " " + Thread.currentThread().isInterrupted());
            }
        });
        waiter.start();
        eventually("it waits", () -> redis("ZCARD", key("lock", ":queue")).equals("1"));
        waiter.interrupt();
        assertThat(outcome.poll(30, TimeUnit.SECONDS)).isEqualTo("INTERRUPTED true");
        Answer<Optional<LockGrant>> cancelled = there(LockOptions.defaults()).tryAcquire(LONG);
        assertThat(cancelled.cancel(true)).isTrue();
        assertThatThrownBy(cancelled::join).isInstanceOf(CancellationException.class);
        eventually("nobody waits", () -> redis("EXISTS", key("lock", ":queue")).equals("0"));
        grant.close();
        assertNothingIsLeft("lock");
    }

    @Test
    void aWaitThatIsOverLeavesNothingBehind() {
        try (LockGrant grant =
                here(LockOptions.defaults()).acquire(Duration.ZERO).await()) {
            assertThat(there(LockOptions.defaults())
                            .tryAcquire(Duration.ofMillis(200))
                            .await())
                    .isEmpty();
            eventually(
                    "nobody waits", () -> redis("EXISTS", key("lock", ":queue")).equals("0"));
            assertThat(grant.isHeld()).isTrue();
        }
        assertNothingIsLeft("lock");
    }

    @Test
    void whoeverWaitsWhenTheConnectionIsClosedIsTold() {
        LockGrant grant = here(LockOptions.defaults()).acquire(Duration.ZERO).await();
        Answer<LockGrant> waiting = there(ONLY_WOKEN).acquire(LONG);
        eventually("it waits", () -> redis("ZCARD", key("lock", ":queue")).equals("1"));
        there.close();
        assertThatThrownBy(waiting::await)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("closed");
        assertThatThrownBy(() -> there(ONLY_WOKEN).tryAcquire()).isInstanceOf(IllegalStateException.class);
        grant.close();
    }

    @Test
    void badInputIsRefusedClearly() {
        redis("SET", key("lock", ""), "x");
        assertThatThrownBy(() -> here(LockOptions.defaults()).tryAcquire(LONG).await())
                .isInstanceOfSatisfying(
                        RedisCallException.class,
                        e -> assertThat(e.reason()).isEqualTo(RedisCallException.Reason.WRONG_TYPE));
        redis("DEL", key("lock", ""));
        LockOptions options = LockOptions.defaults();
        for (Duration bad : List.of(Duration.ZERO, Duration.ofSeconds(-1), Duration.ofDays(2))) {
            assertThatThrownBy(() -> options.lease(bad)).isInstanceOf(IllegalArgumentException.class);
        }
        assertThatThrownBy(() -> options.renewFor(Duration.ofSeconds(-1))).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> here(options).tryAcquire(Duration.ofSeconds(-1)))
                .isInstanceOf(IllegalArgumentException.class);
        for (String bad : List.of("", "a{b", "ü")) {
            assertThatThrownBy(() -> RedisLock.on(here, bad)).isInstanceOf(IllegalArgumentException.class);
        }
        assertThatThrownBy(() -> RedisSemaphore.on(here, "s", 0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> RedisSemaphore.on(here, "s", 3).acquire(4, LONG))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> RedisSemaphore.on(here, "s", 3).acquire(0, LONG))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void readersShareAndAWriterIsAlone() {
        RedisReadWriteLock lock = RedisReadWriteLock.on(here, name);
        RedisReadWriteLock same = RedisReadWriteLock.on(there, name);
        LockGrant one = lock.reading().acquire(Duration.ZERO).await();
        LockGrant two = same.reading().acquire(Duration.ZERO).await();
        assertThat(same.writing().tryAcquire().await()).isEmpty();
        Answer<LockGrant> writer = lock.writing().acquire(LONG);
        eventually("it waits", () -> redis("ZCARD", key("rwlock", ":queue")).equals("1"));
        // A reader that comes after a waiting writer does not pass it.
        assertThat(same.reading().tryAcquire().await()).isEmpty();
        List<Answer<LockGrant>> readers =
                List.of(lock.reading().acquire(LONG), same.reading().acquire(LONG));
        one.close();
        two.close();
        LockGrant alone = writer.await();
        assertThat(readers).noneMatch(Answer::isDone);
        assertThat(same.reading().tryAcquire().await()).isEmpty();
        alone.close();
        readers.forEach(reader -> reader.await().close());
        assertNothingIsLeft("rwlock");
    }

    @Test
    void aSemaphoreGivesOutItsPermitsAndNoMore() {
        RedisSemaphore semaphore = RedisSemaphore.on(here, name, 5);
        RedisSemaphore same = RedisSemaphore.on(there, name, 5);
        LockGrant three = semaphore.acquire(3, Duration.ZERO).await();
        assertThat(same.available().await()).isEqualTo(2);
        assertThat(same.tryAcquire(3, Duration.ZERO).await()).isEmpty();
        LockGrant two = same.tryAcquire(2, Duration.ZERO).await().orElseThrow();
        assertThat(two.fencingNumber()).isGreaterThan(three.fencingNumber());
        List<Answer<LockGrant>> waiting =
                List.of(same.acquire(2, LONG), semaphore.acquire(1, LONG), same.acquire(2, LONG));
        three.close();
        eventually(
                "as many as fit are served",
                () -> waiting.stream().filter(Answer::isDone).count() >= 2);
        two.close();
        waiting.forEach(one -> one.await().close());
        assertThat(same.available().await()).isEqualTo(5);
        assertNothingIsLeft("semaphore");
    }

    @Test
    void neverTwoAtOnceUnderContention() throws Exception {
        AtomicInteger inside = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        Set<Long> numbers = ConcurrentHashMap.newKeySet();
        int threads = 8;
        int rounds = 15;
        ExecutorService executor = Executors.newFixedThreadPool(threads);
        CountDownLatch start = new CountDownLatch(1);
        List<Future<?>> done = new ArrayList<>();
        for (int i = 0; i < threads; i++) {
            RedisLock lock = i % 2 == 0 ? here(LockOptions.defaults()) : there(LockOptions.defaults());
            done.add(executor.submit(() -> {
                start.await();
                for (int round = 0; round < rounds; round++) {
                    try (LockGrant grant = lock.acquire(Duration.ofSeconds(60)).await()) {
                        most.accumulateAndGet(inside.incrementAndGet(), Math::max);
                        assertThat(numbers.add(grant.fencingNumber())).isTrue();
                        inside.decrementAndGet();
                    }
                }
                return null;
            }));
        }
        start.countDown();
        for (Future<?> one : done) {
            one.get();
        }
        executor.shutdown();
        assertThat(most).hasValue(1);
        assertThat(numbers).hasSize(threads * rounds);
        assertNothingIsLeft("lock");
    }

    interface Condition {
        boolean holds() throws Exception;
    }

    static void eventually(String what, Condition condition) {
        long end = System.nanoTime() + LONG.toNanos();
        while (System.nanoTime() < end) {
            try {
                if (condition.holds()) {
                    return;
                }
            } catch (Exception e) {
                throw new AssertionError(what, e);
            }
            RedisServer.awaitTime(Duration.ofMillis(5));
        }
        throw new AssertionError("not within " + LONG + ": " + what);
    }
}
