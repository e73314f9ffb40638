package dev.terrace.cache;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/** Callers that begin together, each on a thread of its own. */
final class Callers<T extends @Nullable Object> {

    private static final Duration BOUND = Duration.ofSeconds(60);

    private final List<Thread> threads = new ArrayList<>();
    private final AtomicReferenceArray<@Nullable Outcome<T>> outcomes;
    private final CountDownLatch begin = new CountDownLatch(1);
    private volatile long begunAt;

    /**
     * How one call ended.
     *
     * @param took from the call's own beginning
     * @param endedAt after the common beginning
     */
    record Outcome<T extends @Nullable Object>(
            @Nullable T value, @Nullable Throwable failure, Duration took, Duration endedAt) {}

    private Callers(int callers, IntFunction<T> call) {
        outcomes = new AtomicReferenceArray<>(callers);
        CountDownLatch ready = new CountDownLatch(callers);
        for (int i = 0; i < callers; i++) {
            int caller = i;
            Thread thread = new Thread(
                    () -> {
                        ready.countDown();
                        await(begin);
                        outcomes.set(caller, outcome(call, caller));
                    },
                    "caller-" + i);
            thread.setDaemon(true);
            thread.start();
            threads.add(thread);
        }
        await(ready);
        begunAt = System.nanoTime();
        begin.countDown();
    }

    /** Lets callers loose; the call is given the caller's number. */
    static <T extends @Nullable Object> Callers<T> begin(int callers, IntFunction<T> call) {
        return new Callers<>(callers, call);
    }

    /** How each call ended, once the last has, within a bound. */
    List<Outcome<T>> ended() {
        long deadline = System.nanoTime() + BOUND.toNanos();
        List<Outcome<T>> ended = new ArrayList<>();
        for (int i = 0; i < threads.size(); i++) {
            try {
                threads.get(i).join(Math.max(1, TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime())));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new AssertionError("interrupted while waiting for callers", e);
            }
            Outcome<T> outcome = outcomes.get(i);
            if (outcome == null) {
                throw new AssertionError("caller " + i + " still waits after " + BOUND);
            }
            ended.add(outcome);
        }
        return ended;
    }

    /** The slowest call, from its own beginning. */
    static Duration slowest(List<? extends Outcome<?>> outcomes) {
        return outcomes.stream().map(Outcome::took).max(Duration::compareTo).orElseThrow();
    }

    /** From the common beginning to the end of the last call. */
    static Duration span(List<? extends Outcome<?>> outcomes) {
        return outcomes.stream().map(Outcome::endedAt).max(Duration::compareTo).orElseThrow();
    }

    private Outcome<T> outcome(IntFunction<T> call, int caller) {
        long start = System.nanoTime();
        T value = null;
        Throwable failure = null;
        try {
            value = call.apply(caller);
        } catch (Throwable t) {
            failure = t;
        }
        long end = System.nanoTime();
        return new Outcome<>(value, failure, Duration.ofNanos(end - start), Duration.ofNanos(end - begunAt));
    }

    private static void await(CountDownLatch latch) {
        try {
            if (!latch.await(BOUND.toSeconds(), TimeUnit.SECONDS)) {
                throw new AssertionError("callers did not begin within " + BOUND);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted", e);
        }
    }
}
