package dev.terrace.cache.redis.lock;

import dev.terrace.cache.redis.Answer;
import dev.terrace.cache.redis.RedisCallException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The right to do what a lock guards, until it is closed or lost. It belongs to whoever has this object, not to a thread.
 * Thread-safe.
 */
public final class LockGrant implements AutoCloseable {

    private final Hold hold;
    private final AtomicBoolean released = new AtomicBoolean();

    LockGrant(Hold hold) {
        this.hold = hold;
    }

    /**
     * A number that is larger than that of every earlier grant of this lock. Give it to what the lock guards, and let that refuse
     * a number smaller than one it has seen: only so is a holder kept out that was paused beyond its lease.
     */
    public long fencingNumber() {
        return hold.fencingNumber();
    }

    /**
     * Whether it is held, as far as can be known here. A grant of which this says yes may have been lost a moment later, also
     * before the next line runs.
     */
    public boolean isHeld() {
        return !released.get() && hold.isHeld();
    }

    /** How long it is held at least if nothing renews it and Redis keeps it; zero once it is not. */
    public Duration remaining() {
        return released.get() ? Duration.ZERO : hold.left();
    }

    /**
     * Another view of the same grant, for code that asks for the lock again while it has it: nothing is asked of Redis, and the
     * lock is released with the last view.
     *
     * @throws IllegalStateException if it is held no more
     */
    public LockGrant reenter() {
        LockGrant again = released.get() ? null : hold.view();
        if (again == null) {
            throw new IllegalStateException(hold + " is held no more");
        }
        return again;
    }

    /**
     * Releases it. Where Redis does not answer, this is tried again in the background until the lease has ended by itself.
     *
     * @return whether it was held until now; false where it was lost or released before
     */
    public Answer<Boolean> release() {
        return released.compareAndSet(false, true) ? hold.release() : Answer.now(false);
    }

    /**
     * Releases it, and waits for the answer. That Redis did not answer is not thrown, so that the outcome of what was done under
     * the lock stays: the lease ends by itself.
     */
    @Override
    public void close() {
        boolean interrupted = Thread.interrupted();
        try {
            release().await();
        } catch (RedisCallException | IllegalStateException e) {
            hold.unreleased(e);
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    @Override
    public String toString() {
        return hold.toString();
    }
}
