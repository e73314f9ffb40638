package dev.terrace.cache.examples.storefront;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.HdrHistogram.Histogram;

/**
 * What came of sending traffic to nodes, each request as soon as a thread was free.
 *
 * @param reads requests made
 * @param failures requests that threw, or answered with another product than was asked for
 * @param took the time from the first request to the last answer
 * @param latencies of single requests, in nanoseconds
 */
record Replay(long reads, long failures, Duration took, Histogram latencies) {

    /** Threads take requests in such portions, so that they do not wait for each other. */
    private static final int PORTION = 16;

    /**
     * Sends traffic until its end or the limit.
     *
     * @param nodes take turns in serving the threads
     */
    static Replay run(Traffic traffic, List<? extends ProductRepository> nodes, Limit limit, Progress progress) {
        long start = System.nanoTime();
        Shared shared = new Shared(
                traffic,
                Math.min(traffic.length(), limit.requests()),
                start + limit.time().toNanos());
        List<Callable<Histogram>> readers = new ArrayList<>();
        for (int i = 0; i < limit.threads(); i++) {
            ProductRepository node = nodes.get(i % nodes.size());
            readers.add(() -> read(node, shared));
        }
        List<Histogram> latencies = Workers.runAll(readers, () -> {
            double seconds = (System.nanoTime() - start) / 1e9;
            long reads = shared.reads.sum();
            progress.show(
                    String.format(Locale.ROOT, "%,d reads in %.0f s, %,.0f a second", reads, seconds, reads / seconds));
        });
        Duration took = Duration.ofNanos(System.nanoTime() - start);
        return new Replay(shared.reads.sum(), shared.failures.sum(), took, sum(latencies));
    }

    private static Histogram read(ProductRepository node, Shared shared) {
        Histogram latencies = new Histogram(3);
        for (long from = shared.nextPortion(); shared.goesOn(from); from = shared.nextPortion()) {
            long to = Math.min(from + PORTION, shared.end);
            for (long request = from; request < to; request++) {
                long id = shared.traffic.productAt(request);
                long start = System.nanoTime();
                boolean answered = answers(node, id);
                latencies.recordValue(System.nanoTime() - start);
                if (!answered) {
                    shared.failures.increment();
                }
            }
            shared.reads.add(to - from);
        }
        return latencies;
    }

    private static boolean answers(ProductRepository node, long id) {
        try {
            return node.findById(id).id() == id;
        } catch (RuntimeException e) {
            return false;
        }
    }

    private static Histogram sum(List<Histogram> parts) {
        Histogram sum = new Histogram(3);
        parts.forEach(sum::add);
        return sum;
    }

    double readsPerSecond() {
        return reads / (took.toNanos() / 1e9);
    }

    /** When to stop before the traffic's end. */
    record Limit(int threads, long requests, Duration time) {}

    /** What the threads of a replay have in common. */
    private static final class Shared {

        private final Traffic traffic;
        private final long end;
        private final long deadline;
        private final AtomicLong next = new AtomicLong();
        private final LongAdder reads = new LongAdder();
        private final LongAdder failures = new LongAdder();

        Shared(Traffic traffic, long end, long deadline) {
            this.traffic = traffic;
            this.end = end;
            this.deadline = deadline;
        }

        long nextPortion() {
            return next.getAndAdd(PORTION);
        }

        boolean goesOn(long from) {
            return from < end && System.nanoTime() - deadline < 0;
        }
    }
}
