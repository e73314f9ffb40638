package dev.terrace.cache;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Runs the steps between a far tier's answers on the thread of the caller that waits for them: the driver's thread, which reads the
 * answers for all callers, decodes none of their values. Its loads run elsewhere.
 *
 * <p>A step that comes while another one waits here, or while the caller does not wait, runs where it comes.
 */
final class CallerSteps implements Caller {

    @SuppressWarnings("UnnecessaryLambda") // Known by its identity.
    private static final Runnable AWAY = () -> {};

    private final LoadRunner loads;
    private final Thread caller = Thread.currentThread();
    /** Null while the caller waits: one that never comes to it is given nothing. */
    private final AtomicReference<@Nullable Runnable> next = new AtomicReference<>(AWAY);

    CallerSteps(LoadRunner loads) {
        this.loads = loads;
    }

    @Override
    public RunningLoad start(Runnable task) {
        return loads.start(task);
    }

    @Override
    public void step(Runnable step) {
        if (!isCallers() && next.compareAndSet(null, step)) {
            LockSupport.unpark(caller);
        } else {
            step.run();
        }
    }

    @Override
    public boolean isCallers() {
        return Thread.currentThread() == caller;
    }

    @Override
    public boolean runUntilDone(CompletableFuture<?> future, long nanos) throws InterruptedException {
        Pause pause = new Pause(future, System.nanoTime() + nanos);
        future.whenComplete((result, failure) -> {
            if (!isCallers()) {
                LockSupport.unpark(caller);
            }
        });
        next.set(null);
        try {
            while (!future.isDone()) {
                Runnable step = next.getAndSet(null);
                if (step != null) {
                    step.run();
                } else if (pause.isOver()) {
                    return future.isDone();
                } else {
                    ForkJoinPool.managedBlock(pause);
                }
            }
            return true;
        } finally {
            leave();
        }
    }

    /** Others may wait for what was given and not run. */
    private void leave() {
        Runnable step = next.getAndSet(AWAY);
        if (step != null) {
            step.run();
        }
    }

    private final class Pause implements ForkJoinPool.ManagedBlocker {

        private final CompletableFuture<?> future;
        private final long deadline;

        Pause(CompletableFuture<?> future, long deadline) {
            this.future = future;
            this.deadline = deadline;
        }

        boolean isOver() {
            return deadline - System.nanoTime() <= 0;
        }

        @Override
        public boolean isReleasable() {
            return next.get() != null || future.isDone() || isOver();
        }

        @Override
        public boolean block() throws InterruptedException {
            if (Thread.interrupted()) {
                throw new InterruptedException();
            }
            LockSupport.parkNanos(this, deadline - System.nanoTime());
            return isReleasable();
        }
    }
}
