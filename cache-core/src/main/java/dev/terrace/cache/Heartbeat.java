package dev.terrace.cache;

import dev.terrace.cache.CacheListener.BreakerState;
import java.time.Duration;

/**
 * Asks the far tier for its time now and then: it keeps the far clock set, is the probe that closes the breaker without
 * traffic, and tells a node that is cut off from one that is idle. Skipped while other operations are answered.
 */
final class Heartbeat {

    private static final Duration SHORTEST = Duration.ofMillis(10);
    private static final long CLOCK_AGE = Duration.ofSeconds(10).toNanos();

    private final FarAccess<?> far;
    private final FarCallStack calls;
    private final Duration period;
    private final Ticker ticker;
    private final Scheduler scheduler;
    private volatile boolean stopped;
    private long lastSent = Long.MIN_VALUE / 2;

    Heartbeat(FarAccess<?> far, FarCallStack calls, Duration maxStaleness, Ticker ticker, Scheduler scheduler) {
        this.far = far;
        this.calls = calls;
        Duration fifth = maxStaleness.dividedBy(5);
        this.period = fifth.compareTo(SHORTEST) < 0 ? SHORTEST : fifth;
        this.ticker = ticker;
        this.scheduler = scheduler;
    }

    void start() {
        beat();
    }

    private void beat() {
        if (stopped) {
            return;
        }
        long now = ticker.nanos();
        if (now - calls.lastAnswered() >= period.toNanos() || now - lastSent >= CLOCK_AGE) {
            lastSent = now;
            far.ping().whenComplete((done, failure) -> schedule());
        } else {
            schedule();
        }
    }

    private void schedule() {
        if (!stopped) {
            scheduler.schedule(this::beat, pause());
        }
    }

    /** An open breaker closes by a heartbeat alone, so that one is sent as soon as it is let through. */
    private Duration pause() {
        if (calls.breakerState() == BreakerState.CLOSED) {
            return period;
        }
        Duration probe = calls.untilProbe();
        Duration soonest = probe.compareTo(SHORTEST) < 0 ? SHORTEST : probe;
        return soonest.compareTo(period) < 0 ? soonest : period;
    }

    void stop() {
        stopped = true;
    }
}
