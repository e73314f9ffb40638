package dev.terrace.cache.redis.lock;

import dev.terrace.cache.redis.Answer;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * One grant, renewed until its last view is released or it is lost. Its lease is counted from when the request was sent that
 * Redis confirmed, so it ends here before it ends there, however long the answer took.
 */
final class Hold {

    private static final Duration RELEASE_PAUSE = Duration.ofMillis(100);

    private final Ledger ledger;
    private final String token;
    private final Share share;
    private final long fencingNumber;
    private final long grantedAt;
    private final Runnable onEnd;

    private final ReentrantLock lock = new ReentrantLock();
    private volatile long confirmedAt;
    private volatile State state = State.HELD;
    private int views;
    private @Nullable Future<?> renewal;
    private @Nullable Future<?> expiry;

    private enum State {
        HELD,
        RELEASED,
        LOST
    }

    /**
     * @param sentAt when the request was sent
     * @param onEnd told when it is held no more, however it ended
     */
    Hold(Ledger ledger, String token, Share share, long fencingNumber, long sentAt, Runnable onEnd) {
        this.ledger = ledger;
        this.token = token;
        this.share = share;
        this.fencingNumber = fencingNumber;
        this.grantedAt = sentAt;
        this.confirmedAt = sentAt;
        this.onEnd = onEnd;
    }

    void start() {
        if (!ledger.options().renewFor().isZero()) {
            renewAfter(3);
        }
        watch();
    }

    long fencingNumber() {
        return fencingNumber;
    }

    /** Another view, which counts until it is released; null where it is held no more. */
    @Nullable
    LockGrant view() {
        lock.lock();
        try {
            if (!isHeld()) {
                return null;
            }
            views++;
            return new LockGrant(this);
        } finally {
            lock.unlock();
        }
    }

    boolean isHeld() {
        return state == State.HELD && nanosLeft() > 0;
    }

    Duration left() {
        return state == State.HELD ? Duration.ofNanos(Math.max(0, nanosLeft())) : Duration.ZERO;
    }

    /** Releases one view, and the grant with the last. */
    Answer<Boolean> release() {
        lock.lock();
        try {
            views--;
            if (views > 0) {
                return Answer.now(isHeld());
            }
            if (state != State.HELD) {
                return Answer.now(false);
            }
            end(State.RELEASED);
        } finally {
            lock.unlock();
        }
        onEnd.run();
        CompletableFuture<Boolean> released = ledger.release(token, share, "").toCompletableFuture();
        released.whenComplete((held, failure) -> {
            if (failure != null) {
                releaseAgain();
            }
        });
        return Answer.of(released);
    }

    /** Others wait for as long as the lease lasts, so it is worth some more tries. */
    private void releaseAgain() {
        ledger.after(RELEASE_PAUSE, () -> {
            if (nanosLeft() > 0) {
                ledger.release(token, share, "").whenComplete((held, failure) -> {
                    if (failure != null && !(failure.getCause() instanceof IllegalStateException)) {
                        releaseAgain();
                    }
                });
            }
        });
    }

    /** Tells that a release was not confirmed to one who does not wait for more. */
    void unreleased(RuntimeException failure) {
        ledger.report(failure);
    }

    private long nanosLeft() {
        return confirmedAt + ledger.options().lease().toNanos() - System.nanoTime();
    }

    private void renewAfter(int part) {
        schedule(() -> renewal = ledger.after(ledger.options().lease().dividedBy(part), this::renew));
    }

    private void renew() {
        long sentAt = System.nanoTime();
        if (state != State.HELD
                || sentAt - grantedAt > ledger.options().renewFor().toNanos()) {
            return;
        }
        ledger.renew(token, share).whenComplete((renewed, failure) -> {
            if (failure != null) {
                ledger.report(failure);
                renewAfter(10);
            } else if (renewed) {
                confirmedAt = sentAt;
                renewAfter(3);
            } else {
                lose();
            }
        });
    }

    private void watch() {
        if (nanosLeft() <= 0) {
            lose();
        } else {
            schedule(() -> expiry = ledger.after(Duration.ofNanos(nanosLeft()), this::watch));
        }
    }

    private void schedule(Runnable scheduling) {
        lock.lock();
        try {
            if (state == State.HELD) {
                scheduling.run();
            }
        } finally {
            lock.unlock();
        }
    }

    private void lose() {
        lock.lock();
        try {
            if (state != State.HELD) {
                return;
            }
            end(State.LOST);
        } finally {
            lock.unlock();
        }
        onEnd.run();
        try {
            ledger.options().onLost().accept(new LockGrant(this));
        } catch (RuntimeException e) {
            ledger.report(e);
        }
    }

    private void end(State how) {
        state = how;
        if (renewal != null) {
            renewal.cancel(false);
        }
        if (expiry != null) {
            expiry.cancel(false);
        }
    }

    @Override
    public String toString() {
        return ledger + " under number " + fencingNumber + ", " + state;
    }
}
