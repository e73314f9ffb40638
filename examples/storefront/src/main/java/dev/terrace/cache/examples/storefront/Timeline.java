package dev.terrace.cache.examples.storefront;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** Records counts ten times a second, on a thread of its own, until it is stopped. */
final class Timeline {

    private static final long MILLIS = 100;

    private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor();
    private final List<Moment> moments = new ArrayList<>();
    private final Supplier<Counts> counts;
    private final long start = System.nanoTime();

    private Timeline(Supplier<Counts> counts) {
        this.counts = counts;
    }

    static Timeline start(Supplier<Counts> counts) {
        Timeline timeline = new Timeline(counts);
        timeline.record();
        timeline.thread.scheduleAtFixedRate(timeline::record, MILLIS, MILLIS, TimeUnit.MILLISECONDS);
        return timeline;
    }

    /** Ends the recording and returns what was counted in each of its intervals. */
    List<Interval> stop() {
        thread.shutdown();
        try {
            if (!thread.awaitTermination(10, TimeUnit.SECONDS)) {
                throw new IllegalStateException("The recording does not end");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("Interrupted while a recording was ending", e);
        }
        record();
        List<Interval> intervals = new ArrayList<>();
        for (int i = 1; i < moments.size(); i++) {
            Moment from = moments.get(i - 1);
            Moment to = moments.get(i);
            // The last one may be too short to tell anything.
            if ((to.seconds - from.seconds) * 1_000 > MILLIS / 2.0) {
                intervals.add(new Interval(from.seconds, to.seconds, to.counts.minus(from.counts)));
            }
        }
        return intervals;
    }

    /** How long it has been recording. */
    Duration elapsed() {
        return Duration.ofNanos(System.nanoTime() - start);
    }

    private void record() {
        moments.add(new Moment((System.nanoTime() - start) / 1e9, counts.get()));
    }

    private record Moment(double seconds, Counts counts) {}

    /**
     * What was counted in a short time.
     *
     * @param from its begin, in seconds from the begin of the recording
     * @param to its end
     */
    record Interval(double from, double to, Counts counts) {

        double middle() {
            return (from + to) / 2;
        }

        /** A count as a number per second. */
        double rate(long count) {
            return count / (to - from);
        }
    }
}
