package dev.terrace.cache.redis;

import java.time.Duration;
import java.util.concurrent.locks.ReentrantLock;

/**
 * When a connection may be given up because it reached another server than is meant: at once, and then less and less often, since
 * what is under way fails each time, and whatever leads connections astray may go on doing so. Thread-safe.
 */
final class Partings {

    private static final Duration FIRST_PAUSE = Duration.ofMillis(500);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(30);

    private final ReentrantLock lock = new ReentrantLock();
    private int number; // guarded by lock
    private long next; // guarded by lock; in local nanoseconds

    /** Whether it may be given up now; if so, the time until it may be again begins. */
    boolean begin() {
        lock.lock();
        try {
            long now = System.nanoTime();
            if (number > 0 && now - next < 0) {
                return false;
            }
            if (number > 0 && now - next > LONGEST_PAUSE.toNanos()) {
                number = 0;
            }
            next = now + Math.min(FIRST_PAUSE.toNanos() << Math.min(number++, 10), LONGEST_PAUSE.toNanos());
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** How long until it may be given up again. */
    Duration pause() {
        lock.lock();
        try {
            return number == 0 ? Duration.ZERO : Duration.ofNanos(Math.max(0, next - System.nanoTime()));
        } finally {
            lock.unlock();
        }
    }

    /** It is where it is meant to be: the next time is the first again. */
    void end() {
        lock.lock();
        try {
            number = 0;
        } finally {
            lock.unlock();
        }
    }
}
