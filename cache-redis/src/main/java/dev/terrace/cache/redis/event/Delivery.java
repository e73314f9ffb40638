package dev.terrace.cache.redis.event;

import dev.terrace.cache.redis.SharedRedis;
import dev.terrace.cache.spi.InvalidationSource.Handler;
import dev.terrace.cache.spi.InvalidationSource.Subscription;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;

/**
 * One subscription: a thread that takes events from a feed and has them handled, those of a batch at once, the ones that fail again
 * after a pause that grows, until nothing of it is left to do. What cannot be understood becomes something that was missed.
 */
final class Delivery<E> implements Subscription {

    private static final Duration FIRST_PAUSE = Duration.ofMillis(50);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(5);
    private static final Duration LONGEST_HANDLING = Duration.ofSeconds(30);

    private final SharedRedis redis;
    private final Feed<E> feed;
    private final Handler<? super E> handler;
    private final CountDownLatch closed = new CountDownLatch(1);

    private Delivery(SharedRedis redis, Feed<E> feed, Handler<? super E> handler) {
        this.redis = redis;
        this.feed = feed;
        this.handler = handler;
    }

    static <E> Delivery<E> start(SharedRedis redis, String name, Feed<E> feed, Handler<? super E> handler) {
        Delivery<E> delivery = new Delivery<>(redis, feed, handler);
        try {
            feed.begin();
        } catch (RuntimeException unreachable) {
            redis.report("events", unreachable);
        }
        Thread thread = new Thread(null, delivery::run, "terrace-events-" + name, 0, false);
        thread.setDaemon(true);
        thread.setContextClassLoader(Delivery.class.getClassLoader());
        thread.start();
        return delivery;
    }

    private boolean isClosed() {
        return closed.getCount() == 0;
    }

    private void run() {
        try {
            while (!isClosed()) {
                try {
                    Feed.Batch<E> batch = feed.next();
                    if (batch.isEmpty()) {
                        rest(feed.idle());
                    } else if (deliver(batch)) {
                        feed.handled();
                    }
                } catch (RuntimeException failure) {
                    if (!isClosed()) {
                        redis.report("events", failure);
                        rest(LONGEST_PAUSE.dividedBy(10));
                    }
                }
            }
        } catch (InterruptedException e) {
            closed.countDown();
        } finally {
            feed.close();
        }
    }

    /** @return whether everything was handled; false where it was closed before */
    private boolean deliver(Feed.Batch<E> batch) throws InterruptedException {
        List<E> left = batch.events();
        boolean missed = batch.missed();
        Duration pause = FIRST_PAUSE;
        while ((!left.isEmpty() || missed) && !isClosed()) {
            List<E> again = new ArrayList<>();
            missed |= handle(left, again);
            if (again.isEmpty() && missed) {
                missed = outcome(begun(handler::missed)) != Outcome.HANDLED;
            }
            left = again;
            if (!left.isEmpty() || missed) {
                rest(pause);
                pause = longer(pause);
            }
        }
        return !isClosed();
    }

    private enum Outcome {
        HANDLED,
        FAILED,
        NOT_UNDERSTOOD
    }

    /**
     * Has events handled.
     *
     * @param again gets those that failed
     * @return whether there were others that cannot be understood
     */
    private boolean handle(List<E> events, List<E> again) throws InterruptedException {
        // Events that are equal say the same.
        Map<E, CompletableFuture<?>> handling = new LinkedHashMap<>();
        for (E event : events) {
            handling.computeIfAbsent(event, each -> begun(() -> handler.changed(each)));
        }
        boolean notUnderstood = false;
        for (Map.Entry<E, CompletableFuture<?>> each : handling.entrySet()) {
            switch (outcome(each.getValue())) {
                case FAILED -> again.add(each.getKey());
                case NOT_UNDERSTOOD -> notUnderstood = true;
                case HANDLED -> {}
            }
        }
        return notUnderstood;
    }

    private static CompletableFuture<?> begun(Supplier<? extends CompletionStage<?>> handling) {
        try {
            return handling.get().toCompletableFuture();
        } catch (RuntimeException thrown) {
            return CompletableFuture.failedFuture(thrown);
        }
    }

    private static Outcome outcome(CompletableFuture<?> handling) throws InterruptedException {
        try {
            handling.get(LONGEST_HANDLING.toNanos(), TimeUnit.NANOSECONDS);
            return Outcome.HANDLED;
        } catch (TimeoutException e) {
            return Outcome.FAILED;
        } catch (ExecutionException e) {
            return e.getCause() instanceof IllegalArgumentException ? Outcome.NOT_UNDERSTOOD : Outcome.FAILED;
        }
    }

    private static Duration longer(Duration pause) {
        Duration doubled = pause.multipliedBy(2);
        return doubled.compareTo(LONGEST_PAUSE) < 0 ? doubled : LONGEST_PAUSE;
    }

    private void rest(Duration pause) throws InterruptedException {
        if (closed.await(pause.toNanos(), TimeUnit.NANOSECONDS)) {
            throw new InterruptedException();
        }
    }

    @Override
    public void close() {
        closed.countDown();
        feed.close();
    }
}
