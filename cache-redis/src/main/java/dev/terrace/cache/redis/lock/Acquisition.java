package dev.terrace.cache.redis.lock;

import dev.terrace.cache.redis.Answer;
import dev.terrace.cache.redis.RedisCallException;
import dev.terrace.cache.redis.Wakeups;
import java.time.Duration;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/**
 * One who asks for a lock, until it is granted or the wait is over. It asks once; refused, it stands in the queue in Redis, is
 * woken from there, and asks again by itself after a while, since a message may be lost and a holder may die. One try is under
 * way at a time.
 */
final class Acquisition {

    private static final Duration RETRY = Duration.ofMillis(100);

    private final Ledger ledger;
    private final Share share;
    private final Duration wait;
    private final Waiting waiting;
    private final String token = Long.toHexString(ThreadLocalRandom.current().nextLong())
            + Long.toHexString(ThreadLocalRandom.current().nextLong());
    private final long start = System.nanoTime();
    private final Wakeups.@Nullable Sleeper sleeper;

    private final ReentrantLock lock = new ReentrantLock();
    private volatile boolean asked;
    private boolean trying;
    private boolean wokenMeanwhile;
    private boolean over;
    private @Nullable Future<?> timer;

    /** Whom it is for. */
    interface Waiting {

        /** A grant without asking Redis, where there is one. */
        default @Nullable LockGrant held() {
            return null;
        }

        /** A hold that nobody else has. */
        Hold hold(String token, long fencingNumber, long sentAt);

        /** The end; the grant is null where the wait was over, and then there may be a failure. */
        void end(@Nullable LockGrant grant, @Nullable Throwable failure);
    }

    Acquisition(Ledger ledger, Share share, Duration wait, Waiting waiting) {
        this.ledger = ledger;
        this.share = share;
        this.wait = wait;
        this.waiting = waiting;
        this.sleeper = wait.isZero() ? null : ledger.redis().wakeups().register(this::attempt);
    }

    /** Asks, and gives the answer what comes of it. An answer that is cancelled, or given by another, ends it. */
    static <T> Answer<T> start(
            Ledger ledger,
            Share share,
            Duration wait,
            Owner owner,
            BiFunction<Ledger, @Nullable LockGrant, T> meaning) {
        if (wait.isNegative()) {
            throw new IllegalArgumentException("wait " + wait + " is negative");
        }
        ledger.redis().requireOpen();
        Answer<T> answer = new Answer<>();
        Acquisition acquisition = new Acquisition(ledger, share, wait, new Waiting() {
            @Override
            public @Nullable LockGrant held() {
                return owner.held();
            }

            @Override
            public Hold hold(String token, long fencingNumber, long sentAt) {
                return owner.hold(ledger, share, token, fencingNumber, sentAt);
            }

            @Override
            public void end(@Nullable LockGrant grant, @Nullable Throwable failure) {
                try {
                    if (failure != null) {
                        answer.completeExceptionally(failure);
                    } else if (!answer.complete(meaning.apply(ledger, grant)) && grant != null) {
                        grant.release();
                    }
                } catch (RuntimeException e) {
                    answer.completeExceptionally(e);
                }
            }
        });
        acquisition.attempt();
        if (!wait.isZero()) {
            ledger.redis().bounded(answer, wait);
        }
        answer.whenComplete((grant, failure) -> acquisition.abandon());
        return answer;
    }

    /** Asks Redis, unless it is being asked; then again after the answer. */
    private void attempt() {
        lock.lock();
        try {
            if (over) {
                return;
            }
            if (trying) {
                wokenMeanwhile = true;
                return;
            }
            trying = true;
            wokenMeanwhile = false;
            if (timer != null) {
                timer.cancel(false);
                timer = null;
            }
        } finally {
            lock.unlock();
        }
        LockGrant held = waiting.held();
        if (held != null) {
            if (!end(asked, held, null)) {
                held.release();
            }
            return;
        }
        asked = true;
        long sentAt = System.nanoTime();
        boolean heard = sleeper == null || sleeper.heard().toCompletableFuture().isDone();
        ledger.acquire(token, share, sleeper == null ? "" : sleeper.address()).whenComplete((verdict, failure) -> {
            try {
                understand(verdict, failure, sentAt, heard);
            } catch (RuntimeException | Error defect) {
                end(true, null, defect);
            }
        });
    }

    private void understand(Ledger.@Nullable Verdict verdict, @Nullable Throwable failure, long sentAt, boolean heard) {
        if (failure != null) {
            failed(failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure);
        } else if (verdict instanceof Ledger.Verdict.Granted granted) {
            granted(granted.fencingNumber(), sentAt);
        } else if (verdict instanceof Ledger.Verdict.Refused refused) {
            refused(Duration.ofMillis(refused.millis() + 1), heard);
        }
    }

    private void granted(long fencingNumber, long sentAt) {
        if (System.nanoTime() - sentAt >= ledger.options().lease().toNanos()) {
            if (left().isZero()) {
                end(
                        true,
                        null,
                        new RedisCallException(
                                RedisCallException.Reason.TIMED_OUT,
                                ledger + ": the grant came after its lease of "
                                        + ledger.options().lease()
                                        + " had ended; a lease has to be longer than a round trip",
                                null));
            } else {
                again(Duration.ZERO);
            }
            return;
        }
        Hold hold = waiting.hold(token, fencingNumber, sentAt);
        LockGrant grant = hold.view();
        if (grant == null) {
            again(Duration.ZERO);
            return;
        }
        hold.start();
        if (!end(false, grant, null)) {
            grant.release();
        }
    }

    private void refused(Duration worthAnotherTry, boolean heard) {
        if (left().isZero()) {
            end(sleeper != null, null, null);
            return;
        }
        if (!heard && sleeper != null) {
            // What woke others before may have been missed.
            sleeper.heard().thenRun(this::attempt);
        }
        Duration recheck = ledger.options().recheck();
        again(worthAnotherTry.compareTo(recheck) < 0 ? worthAnotherTry : recheck);
    }

    private void failed(Throwable failure) {
        boolean passes = failure instanceof RedisCallException call && call.mayPass();
        if (!passes || left().compareTo(RETRY) < 0) {
            end(passes || sleeper != null, null, failure);
        } else {
            again(RETRY);
        }
    }

    private void again(Duration pause) {
        boolean now;
        boolean abandoned;
        lock.lock();
        try {
            trying = false;
            abandoned = over;
            now = !over && wokenMeanwhile;
            if (!over && !now) {
                Duration left = left();
                timer = ledger.after(pause.compareTo(left) < 0 ? pause : left, this::attempt);
            }
        } finally {
            lock.unlock();
        }
        if (abandoned) {
            leave();
        } else if (now) {
            attempt();
        }
    }

    /** @return whether nobody had ended it before */
    private boolean end(boolean leaving, @Nullable LockGrant grant, @Nullable Throwable failure) {
        boolean first;
        lock.lock();
        try {
            first = !over;
            over = true;
            trying = false;
        } finally {
            lock.unlock();
        }
        if (sleeper != null) {
            sleeper.close();
        }
        if (leaving) {
            leave();
        }
        if (first) {
            waiting.end(grant, failure);
        }
        return first;
    }

    /** Ends it, if it has not ended: whoever asked wants it no more, or was told otherwise. */
    private void abandon() {
        boolean idle;
        lock.lock();
        try {
            if (over) {
                return;
            }
            over = true;
            idle = !trying;
            if (timer != null) {
                timer.cancel(false);
            }
        } finally {
            lock.unlock();
        }
        if (sleeper != null) {
            sleeper.close();
        }
        if (idle) {
            leave();
        }
    }

    /** Takes back what may stand in Redis: the place in the queue, and a grant whose answer was lost. */
    private void leave() {
        ledger.release(token, share, sleeper == null ? "" : sleeper.address()).whenComplete((held, failure) -> {
            if (failure != null && !(failure.getCause() instanceof IllegalStateException)) {
                ledger.report(failure);
            }
        });
    }

    private Duration left() {
        Duration left = wait.minusNanos(System.nanoTime() - start);
        return left.isNegative() ? Duration.ZERO : left;
    }
}
