package dev.terrace.cache;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Time to the millisecond for one volatile read: a near hit asks for the time more than once, and the system's clock costs
 * more than the rest of the hit. One daemon thread reads that clock once a millisecond while anybody holds the ticker; with
 * no holder there is no thread, and time stands still.
 *
 * <p>A process that was stopped sees the whole jump at the next tick, which is due at once; until the thread has run, the
 * time is that of the stop.
 */
final class CoarseTicker implements Ticker {

    static final Duration RESOLUTION = Duration.ofMillis(1);

    private static final CoarseTicker SHARED = new CoarseTicker(System::nanoTime);

    private final LongSupplier clock;
    private final long origin;
    private volatile long now;

    private final ReentrantLock lock = new ReentrantLock();
    private int holds; // guarded by lock
    private @Nullable Thread thread; // guarded by lock

    /** @param clock monotonic nanoseconds from any origin */
    CoarseTicker(LongSupplier clock) {
        this.clock = clock;
        this.origin = clock.getAsLong();
    }

    /** The one ticker of this process. */
    static CoarseTicker shared() {
        return SHARED;
    }

    /** Keeps the time going until the hold is closed. The time is right when this returns. */
    Hold acquire() {
        lock.lock();
        try {
            if (holds == 0) {
                thread = start();
            }
            holds++;
            read();
            return new Hold();
        } finally {
            lock.unlock();
        }
    }

    /** Nanoseconds since the process first asked for this ticker. */
    @Override
    public long nanos() {
        return now;
    }

    /** Reads the system's clock. */
    @Override
    public long preciseNanos() {
        return Math.max(now, clock.getAsLong() - origin);
    }

    private void release() {
        lock.lock();
        try {
            holds--;
            if (holds == 0) {
                LockSupport.unpark(thread);
                thread = null;
            }
        } finally {
            lock.unlock();
        }
    }

    private Thread start() {
        Thread started = DaemonThreads.unstarted("terrace-ticker", this::run);
        started.start();
        return started;
    }

    private void run() {
        while (tick()) {
            LockSupport.parkNanos(this, RESOLUTION.toNanos());
            // Somebody else's interrupt would turn every later pause into none.
            Thread.interrupted();
        }
    }

    /** Only the thread of the present holders ticks, so that one that is about to end cannot set time back. */
    private boolean tick() {
        lock.lock();
        try {
            if (thread != Thread.currentThread()) {
                return false;
            }
            read();
            return true;
        } finally {
            lock.unlock();
        }
    }

    private void read() {
        now = Math.max(now, clock.getAsLong() - origin);
    }

    @Override
    public String toString() {
        return "CoarseTicker[" + RESOLUTION + "]";
    }

    /** A claim on the ticker; closing it twice is closing it once. */
    final class Hold implements AutoCloseable {

        private final AtomicBoolean closed = new AtomicBoolean();

        private Hold() {}

        Ticker ticker() {
            return CoarseTicker.this;
        }

        @Override
        public void close() {
            if (closed.compareAndSet(false, true)) {
                release();
            }
        }
    }
}
