package dev.terrace.cache.redis.event;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrace.cache.spi.InvalidationSource;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;

/** What a subscription was told, and whether it can handle it. */
final class Received implements InvalidationSource.Handler<String> {

    /** What was handled, in order. */
    final List<String> handled = new CopyOnWriteArrayList<>();
    /** What was tried, in order. */
    final List<String> tried = new CopyOnWriteArrayList<>();

    final AtomicInteger missed = new AtomicInteger();
    volatile Predicate<String> fails = event -> false;
    volatile Predicate<String> notUnderstood = event -> false;

    @Override
    public CompletionStage<?> changed(String event) {
        tried.add(event);
        if (fails.test(event)) {
            return CompletableFuture.failedFuture(new IllegalStateException("the far tier does not answer"));
        }
        if (notUnderstood.test(event)) {
            return CompletableFuture.failedFuture(new IllegalArgumentException("of an unknown kind"));
        }
        handled.add(event);
        return CompletableFuture.completedFuture(null);
    }

    @Override
    public CompletionStage<?> missed() {
        missed.incrementAndGet();
        return CompletableFuture.completedFuture(null);
    }

    static void eventually(String what, BooleanSupplier condition) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(40);
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime() - end).as("in good time: " + what).isNegative();
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
        }
    }
}
