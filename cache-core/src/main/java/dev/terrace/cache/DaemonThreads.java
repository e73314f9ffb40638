package dev.terrace.cache;

import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Platform threads of our own. They do not keep the process alive, and keep nothing of the thread that happened to start
 * them: no inherited thread-locals, and our class loader instead of its context class loader, which may be that of an
 * application that is undeployed long before the thread ends.
 */
final class DaemonThreads implements ThreadFactory {

    private static final int DEFAULT_STACK = 0;

    private final String prefix;
    private final AtomicLong count = new AtomicLong();

    DaemonThreads(String prefix) {
        this.prefix = prefix;
    }

    @Override
    public Thread newThread(Runnable task) {
        return unstarted(prefix + count.getAndIncrement(), task);
    }

    static Thread unstarted(String name, Runnable task) {
        Thread thread = new Thread(null, task, name, DEFAULT_STACK, false);
        thread.setDaemon(true);
        thread.setContextClassLoader(DaemonThreads.class.getClassLoader());
        return thread;
    }

    @Override
    public String toString() {
        return prefix + "*";
    }
}
