package dev.terrace.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terrace.cache.testkit.FaultyFarTier.Call;
import dev.terrace.cache.testkit.FaultyFarTier.Fault;
import dev.terrace.cache.testkit.FaultyFarTier.Gate;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** G5: what callers do with a future of {@code async()} may block, and then holds nobody up. */
final class CallbacksTest {

    private final Fleet fleet = new Fleet();
    private final Fleet.Node writer = fleet.node();
    private final Fleet.Node node =
            fleet.node(builder -> builder.loadDeadline(Duration.ofSeconds(1)).parts().callbacks = null);

    @AfterEach
    void close() {
        fleet.close();
    }

    private static <T> T soon(CompletableFuture<T> future) {
        return future.orTimeout(20, TimeUnit.SECONDS).join();
    }

    /** Blocks until this test goes on, which it can only if it is not its own thread that blocks. */
    private static void assertMayBlock(CompletableFuture<?> future, Runnable completion) {
        assertThat(future).isNotDone();
        CountDownLatch ended = new CountDownLatch(1);
        CompletableFuture<Boolean> blocked = future.handle((value, failure) -> {
            try {
                return ended.await(20, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                return false;
            }
        });
        completion.run();
        ended.countDown();
        assertThat(soon(blocked))
                .as("blocked while the thread that completed it went on")
                .isTrue();
    }

    private Gate delayed(Call call) {
        Gate gate = new Gate();
        node.far.next(call, Fault.delayReply(gate));
        return gate;
    }

    @Test
    void onAValueOfTheFarTier() {
        writer.cache.put(1, "far");
        Gate gate = delayed(Call.READ);
        assertMayBlock(node.async().get(1), gate::open);
    }

    @Test
    void onManyValuesOfTheFarTier() {
        writer.cache.putAll(Map.of(1, "far", 2, "far"));
        Gate gate = delayed(Call.READ);
        assertMayBlock(node.async().getAll(List.of(1, 2)), gate::open);
    }

    @Test
    void onWhatTheTiersHave() {
        Gate one = delayed(Call.READ);
        assertMayBlock(node.async().getIfPresent(1), one::open);
        Gate many = delayed(Call.READ);
        assertMayBlock(node.async().getAllPresent(List.of(1, 2)), many::open);
        Gate looked = delayed(Call.READ);
        assertMayBlock(node.async().lookup(1), looked::open);
    }

    @Test
    void onLoadsAndTheirEnds() {
        assertMayBlock(node.async().get(1), node::runLoads);
        assertMayBlock(node.async().refresh(1), node::runLoads);
        assertMayBlock(node.async().getAll(List.of(2, 3)), node::runLoads);
    }

    @Test
    void onALoadThatIsTooLate() {
        CompletableFuture<String> late = node.async().get(1);
        assertMayBlock(late, () -> fleet.time.advance(Duration.ofSeconds(2)));
        assertThatThrownBy(late::join).hasCauseInstanceOf(LoadTimeoutException.class);
    }

    @Test
    void onWrites() {
        Gate put = delayed(Call.PUT);
        assertMayBlock(node.async().put(1, "a"), put::open);
        Gate absent = delayed(Call.PUT_IF_UNCHANGED);
        assertMayBlock(node.async().putIfAbsent(2, "a"), absent::open);
        Gate invalidate = delayed(Call.INVALIDATE);
        assertMayBlock(node.async().invalidate(1), invalidate::open);
        Gate clear = delayed(Call.RAISE_MARKERS);
        assertMayBlock(node.async().clear(), clear::open);
        node.far.next(Call.PUT, Fault.hang());
        assertMayBlock(node.async().put(3, "a"), () -> fleet.time.advance(Fleet.BUDGET.multipliedBy(2)));
    }

    @Test
    void onTheClose() {
        assertMayBlock(node.async().get(1), node.cache::close);
    }

    /** On the thread of a driver that would be waiting for itself. */
    @Test
    void theyMayReadTheCacheThemselves() {
        writer.cache.putAll(Map.of(1, "one", 2, "two"));
        Gate gate = delayed(Call.READ);
        CompletableFuture<String> both = node.async().get(1).thenApply(one -> one + node.cache.get(2));
        gate.open();
        assertThat(soon(both)).isEqualTo("onetwo");
    }

    @Test
    void aCopierIsCalledThereToo() {
        writer.cache.put(1, "far");
        List<Thread> copied = new CopyOnWriteArrayList<>();
        Fleet.Node copying = fleet.node(builder -> builder.copyOnRead(value -> {
                    copied.add(Thread.currentThread());
                    return value;
                })
                .parts()
                .callbacks = null);
        Gate gate = new Gate();
        copying.far.next(Call.READ, Fault.delayReply(gate));
        CompletableFuture<String> value = copying.async().get(1);
        copied.clear();
        gate.open();
        soon(value);
        assertThat(copied).last().isNotSameAs(Thread.currentThread());
    }

    @Test
    void aNearHitIsACompleteFuture() {
        node.cache.put(1, "a");
        assertThat(node.async().get(1)).isCompletedWithValue("a");
        assertThat(node.async().getAll(List.of(1))).isCompletedWithValueMatching(Map.of(1, "a")::equals);
        assertThat(node.async().getIfPresent(1)).isCompletedWithValue("a");
    }

    @Test
    void callersThatBlockHaveNone() {
        AtomicInteger callbacks = new AtomicInteger();
        Fleet.Node counted = fleet.node(builder -> builder.loadOn(LoadOn.CALLER).parts().callbacks = task -> {
            callbacks.incrementAndGet();
            task.run();
        });
        fleet.rows.put(1, "a");
        assertThat(counted.cache.get(1)).isEqualTo("a");
        counted.cache.put(2, "b");
        counted.cache.invalidate(2);
        counted.cache.getAll(List.of(1, 2, 3));
        counted.cache.lookup(2);
        counted.cache.refresh(1);
        counted.cache.clear();
        assertThat(callbacks).hasValue(0);
    }
}
