package dev.terrace.cache;

import dev.terrace.cache.spi.FarReading;
import dev.terrace.cache.spi.FarStore;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Reads of single keys. While a few are under way those that come wait for the next answer and go together, which costs driver
 * and server hardly more than one. So a read is never held back while the far tier has little to do, and else for a fraction of
 * a round trip. Large values are not gathered: the first of them would wait for the last.
 *
 * <p>Who waits here has a time limit of his own, and so has a place that is taken: one whose answer never comes is free again.
 */
final class GatheredReads {

    private static final int UNDER_WAY = 8;
    private static final int MOST_KEYS = 64;
    private static final int MOST_BYTES = 64 * 1024;
    private static final long FREE = 0;

    private final Function<List<String>, CompletionStage<List<FarReading>>> far;
    private final Ticker ticker;
    private final long budgetNanos;
    /** Since when each place is taken. */
    private final AtomicLongArray places = new AtomicLongArray(UNDER_WAY);

    private final Queue<Waiting> waiting = new ConcurrentLinkedQueue<>();
    private volatile int usualBytes = MOST_BYTES / UNDER_WAY;

    private record Waiting(List<String> key, long askedAt, CompletableFuture<List<FarReading>> reading) {}

    /**
     * @param far {@link FarStore#read}
     * @param budgetNanos after which nobody waits for an answer any more
     */
    GatheredReads(Function<List<String>, CompletionStage<List<FarReading>>> far, Ticker ticker, long budgetNanos) {
        this.far = far;
        this.ticker = ticker;
        this.budgetNanos = budgetNanos;
    }

    /** As {@link FarStore#read}. */
    CompletionStage<List<FarReading>> read(List<String> keys) {
        if (keys.size() > 1) {
            return far.apply(keys);
        }
        if (atOnce() == 1) {
            return far.apply(keys).whenComplete((found, failure) -> learn(found));
        }
        long now = now();
        int place = take(now);
        if (place >= 0) {
            CompletionStage<List<FarReading>> reading = far.apply(keys);
            reading.whenComplete((found, failure) -> answered(place, now, found));
            return reading;
        }
        Waiting one = new Waiting(keys, now, new CompletableFuture<>());
        waiting.add(one);
        // All may have been answered before it was seen to wait.
        sendOnFreePlace();
        return one.reading();
    }

    private long now() {
        long now = ticker.nanos();
        return now == FREE ? 1 : now;
    }

    private int take(long now) {
        for (int place = 0; place < UNDER_WAY; place++) {
            long since = places.get(place);
            if ((since == FREE || now - since > budgetNanos) && places.compareAndSet(place, since, now)) {
                return place;
            }
        }
        return -1;
    }

    private void sendOnFreePlace() {
        while (!waiting.isEmpty()) {
            long now = now();
            int place = take(now);
            if (place < 0) {
                return;
            }
            if (!send(place, now)) {
                places.compareAndSet(place, now, FREE);
            }
        }
    }

    private void answered(int place, long since, @Nullable List<FarReading> found) {
        learn(found);
        // What waits is on its way before those are woken who have their answer.
        long now = now();
        if (places.compareAndSet(place, since, now) && !send(place, now)) {
            places.compareAndSet(place, now, FREE);
            sendOnFreePlace();
        }
    }

    /** Sends what waits, on a place that was taken for it; false where nothing does. */
    private boolean send(int place, long since) {
        Map<String, List<Waiting>> gathered = gathered(since);
        if (gathered.isEmpty()) {
            return false;
        }
        List<String> keys = List.copyOf(gathered.keySet());
        far.apply(keys).whenComplete((found, failure) -> {
            answered(place, since, found);
            int at = 0;
            for (List<Waiting> same : gathered.values()) {
                List<FarReading> reading = found == null ? null : List.of(found.get(at++));
                same.forEach(one -> Completions.complete(one.reading(), reading, failure));
            }
        });
        return true;
    }

    private Map<String, List<Waiting>> gathered(long now) {
        Map<String, List<Waiting>> gathered = new LinkedHashMap<>();
        int room = atOnce();
        while (gathered.size() < room) {
            Waiting next = waiting.poll();
            if (next == null) {
                break;
            }
            if (now - next.askedAt() > budgetNanos) {
                next.reading().completeExceptionally(new TimeoutException("not sent in time"));
                continue;
            }
            gathered.computeIfAbsent(next.key().get(0), key -> new ArrayList<>(1))
                    .add(next);
        }
        return gathered;
    }

    private int atOnce() {
        return Math.min(MOST_KEYS, Math.max(1, MOST_BYTES / Math.max(1, usualBytes)));
    }

    /** Of a larger value at once, of smaller ones by and by; a lost update is made up for by the next. */
    private void learn(@Nullable List<FarReading> readings) {
        if (readings == null) {
            return;
        }
        int usual = usualBytes;
        for (FarReading reading : readings) {
            if (reading instanceof FarReading.Found found) {
                int bytes = found.record().content().payload().remaining();
                usual += (bytes - usual) / (bytes > usual ? 2 : 8);
            }
        }
        if (usual != usualBytes) {
            usualBytes = usual;
        }
    }
}
