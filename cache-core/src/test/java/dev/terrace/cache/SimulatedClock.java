package dev.terrace.cache;

import java.time.Duration;

/**
 * One node's own clock and timer. It began at another time than the true one, is not quite as fast, and ticks once in a
 * millisecond. While its node is paused nothing happens there; what was due happens afterwards.
 */
final class SimulatedClock implements Ticker, Scheduler {

    private final SimulatedTime time;
    private final long origin;
    private final double rate;
    private long pausedUntil;
    private long paused;

    SimulatedClock(SimulatedTime time, long origin, double rate) {
        this.time = time;
        this.origin = origin;
        this.rate = rate;
    }

    @Override
    public long nanos() {
        long nanos = exactNanos();
        return nanos - Math.floorMod(nanos, CoarseTicker.RESOLUTION.toNanos());
    }

    /** What {@link System#nanoTime} is on this node. */
    long exactNanos() {
        return origin + (long) (time.nanos() * rate);
    }

    /** How much true time passes while this clock sees so much. */
    Duration trueTime(Duration seen) {
        return Duration.ofNanos((long) Math.ceil(seen.toNanos() / rate));
    }

    @Override
    public Cancellable schedule(Runnable task, Duration delay) {
        Task scheduled = new Task(task);
        after((long) (Math.max(0, delay.toNanos()) / rate), scheduled);
        return scheduled;
    }

    /** Does something on this node after so much true time, or later if it is paused then. */
    void after(long nanos, Runnable action) {
        time.after(nanos, () -> {
            if (isPaused()) {
                after(pausedUntil - time.nanos(), action);
            } else {
                action.run();
            }
        });
    }

    void pause(Duration pause) {
        long end = Math.max(pausedUntil, time.nanos() + pause.toNanos());
        paused += end - Math.max(pausedUntil, time.nanos());
        pausedUntil = end;
    }

    /** How long this node has been paused in all. */
    Duration pausedTime() {
        return Duration.ofNanos(paused);
    }

    boolean isPaused() {
        return time.nanos() < pausedUntil;
    }

    private static final class Task implements Runnable, Cancellable {
        private final Runnable action;
        private boolean cancelled;

        Task(Runnable action) {
            this.action = action;
        }

        @Override
        public void run() {
            if (!cancelled) {
                action.run();
            }
        }

        @Override
        public void cancel() {
            cancelled = true;
        }
    }
}
