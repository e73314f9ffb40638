package dev.terrace.cache;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Renews the trust in near copies that are being read before it ends, so that nobody waits for it: the first hit in the last
 * third of a copy's trust asks for it, and what was asked for is compared with the far tier together, one batch at a time.
 * Copies that nobody reads are left alone.
 *
 * <p>A batch is {@linkplain Flight flights}, which go the way of a reader's own: the same comparison, and the same rule for what
 * may stay. A copy for which there is no room, or whose batch fails, is compared by the reader that finds it untrusted.
 *
 * <p>Thread-safe; lock-free.
 */
final class AheadValidation<K, V> {

    private static final int SHARE = 3;
    /** Time for others to come along. */
    private static final Duration GATHERING = Duration.ofMillis(5);

    private final Engine<K, V> engine;
    private final FarSide<K, V> far;
    private final FlightSteps<K, V> steps;

    private final Queue<Due<K, V>> due = new ConcurrentLinkedQueue<>();
    private final AtomicInteger waiting = new AtomicInteger();
    private final AtomicBoolean underWay = new AtomicBoolean();

    private record Due<K, V>(K key, Entry<V> copy) {}

    AheadValidation(Engine<K, V> engine, FarSide<K, V> far, FlightSteps<K, V> steps) {
        this.engine = engine;
        this.far = far;
        this.steps = steps;
    }

    /** How long before the end of a copy's trust a hit asks for more, in nanoseconds. */
    static long due(Duration maxStaleness) {
        return maxStaleness.toNanos() / SHARE;
    }

    /** A trusted copy was served, whose trust is near its end. */
    void hit(K key, Entry<V> copy) {
        if (copy.validationAsked || waiting.get() >= Defaults.VALIDATIONS_WAITING) {
            return;
        }
        copy.validationAsked = true;
        waiting.incrementAndGet();
        due.add(new Due<>(key, copy));
        startUnlessUnderWay(GATHERING);
    }

    private void startUnlessUnderWay(Duration delay) {
        if (!underWay.get() && underWay.compareAndSet(false, true)) {
            engine.surroundings().scheduler().schedule(this::next, delay);
        }
    }

    private void next() {
        List<Flight<K, V>> batch = new ArrayList<>();
        try {
            gather(batch);
        } catch (RuntimeException | Error e) {
            batch.forEach(flight -> steps.fail(flight, e));
            ended();
            throw e;
        }
        if (!batch.isEmpty()) {
            steps.start(batch);
        }
        CompletableFuture.allOf(batch.stream().map(flight -> flight.outcome).toArray(CompletableFuture[]::new))
                .whenComplete((done, failure) -> ended());
    }

    private void gather(List<Flight<K, V>> batch) {
        while (batch.size() < Defaults.VALIDATIONS_AT_ONCE) {
            Due<K, V> next = due.poll();
            if (next == null) {
                break;
            }
            waiting.decrementAndGet();
            Flight<K, V> flight = flight(next);
            if (flight != null) {
                batch.add(flight);
                engine.flights().beginApart(flight);
            }
        }
    }

    /** The stamp is taken before the look: a copy that is there after it is as new as the stamp. */
    private @Nullable Flight<K, V> flight(Due<K, V> next) {
        K key = next.key();
        long stamp = engine.rules().stripes().stamp(key);
        if (engine.tiers().isClosed() || engine.tiers().near().get(key) != next.copy()) {
            return null;
        }
        Flight<K, V> flight = new Flight<>(
                key,
                far.key(key),
                Flight.Purpose.AHEAD,
                new Flight.Start<>(
                        null,
                        engine.surroundings().loadThreads(),
                        stamp,
                        engine.rules().markers().knownSeq()));
        flight.copy = next.copy();
        return flight;
    }

    /** On another thread than the driver's, which has answers to read. */
    private void ended() {
        underWay.set(false);
        if (!due.isEmpty()) {
            startUnlessUnderWay(Duration.ZERO);
        }
    }
}
