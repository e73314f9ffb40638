package dev.terrace.cache;

import java.util.concurrent.Executor;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Where loads and callbacks run: on virtual threads where the JVM has them, else on daemon threads that end when they are idle, or on what
 * the user gave. As many as it is asked for: those who ask, {@link LoadExecutor} and {@link CallbackThreads}, do so for a bounded number.
 */
interface LoadThreads extends Executor {

    /** Whether these are our own, and so have nobody else's interrupts to keep. */
    boolean areOurs();

    /** Lets threads end that are ours. */
    void close();

    static LoadThreads of(String cacheName, @Nullable Executor given) {
        if (given != null) {
            return new Given(given);
        }
        String prefix = "terrace-load-" + cacheName + "-";
        ThreadFactory virtual = VirtualThreads.factory(prefix);
        return virtual == null ? platform(prefix) : new PerTask(virtual);
    }

    static LoadThreads platform(String prefix) {
        return new Pooled(prefix);
    }

    /** A thread for each task. */
    record PerTask(ThreadFactory threads) implements LoadThreads {

        @Override
        public void execute(Runnable task) {
            threads.newThread(task).start();
        }

        @Override
        public boolean areOurs() {
            return true;
        }

        @Override
        public void close() {}

        @Override
        public String toString() {
            return "virtual threads";
        }
    }

    /** Threads that are used again and end when they are idle. */
    final class Pooled implements LoadThreads {

        private static final long IDLE_SECONDS = 5;

        private final ThreadPoolExecutor pool;

        private Pooled(String prefix) {
            // Its size is that of the demand, which is bounded: a bound of its own would have to be larger, since a
            // task ends
            // for those who count it a moment before it ends for the pool.
            pool = new ThreadPoolExecutor(
                    0,
                    Integer.MAX_VALUE,
                    IDLE_SECONDS,
                    TimeUnit.SECONDS,
                    new SynchronousQueue<>(),
                    new DaemonThreads(prefix));
        }

        @Override
        public void execute(Runnable task) {
            pool.execute(task);
        }

        @Override
        public boolean areOurs() {
            return true;
        }

        @Override
        public void close() {
            // Not a shutdown, which would refuse callbacks of what ends after the close.
            pool.setKeepAliveTime(0, TimeUnit.SECONDS);
        }

        @Override
        public String toString() {
            return "platform threads";
        }
    }

    /** The user's, who closes it. */
    record Given(Executor executor) implements LoadThreads {

        @Override
        public void execute(Runnable task) {
            executor.execute(task);
        }

        @Override
        public boolean areOurs() {
            return false;
        }

        @Override
        public void close() {}

        @Override
        public String toString() {
            return "a given executor";
        }
    }
}
