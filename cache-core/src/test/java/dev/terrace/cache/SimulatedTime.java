package dev.terrace.cache;

import java.time.Duration;
import java.util.PriorityQueue;

/**
 * The true time of a simulation, and all that is going to happen in it, on one thread. Events of the same moment happen in
 * the order in which they were planned, so that a run depends on nothing but its seed.
 */
final class SimulatedTime {

    private final PriorityQueue<Event> events = new PriorityQueue<>();
    private long now;
    private long planned;
    private long happened;

    /** Nanoseconds since the beginning. */
    long nanos() {
        return now;
    }

    void after(long nanos, Runnable action) {
        events.add(new Event(now + Math.max(0, nanos), planned++, action));
    }

    /** Lets the next event happen if it is due by then; else the time is then. */
    boolean step(long end) {
        Event next = events.peek();
        if (next == null || next.time() > end) {
            now = Math.max(now, end);
            return false;
        }
        events.remove();
        now = next.time();
        happened++;
        next.action().run();
        return true;
    }

    void run(Duration time) {
        long end = now + time.toNanos();
        while (step(end)) {
            // What happens is in the events.
        }
    }

    /** How many events have happened. */
    long happened() {
        return happened;
    }

    /** How many events are still to come. */
    int planned() {
        return events.size();
    }

    private record Event(long time, long number, Runnable action) implements Comparable<Event> {
        @Override
        public int compareTo(Event other) {
            return time == other.time ? Long.compare(number, other.number) : Long.compare(time, other.time);
        }
    }
}
