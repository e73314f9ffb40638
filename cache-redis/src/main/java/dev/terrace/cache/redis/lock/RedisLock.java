package dev.terrace.cache.redis.lock;

import dev.terrace.cache.redis.Answer;
import dev.terrace.cache.redis.SharedRedis;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;

/**
 * A lock that one process at a time has: a token in Redis with a lease, which is renewed while it is held, and a fencing number
 * with every grant. Waiters are woken by a message when it is released; there is no polling but once a second, in case a message
 * is lost. Thread-safe.
 *
 * <p><b>What for.</b> To spare doing the same work twice. To keep data right the lock alone is not enough: a holder that is
 * paused (garbage collection, a stopped machine, a slow network) goes on after its lease has ended and another has the lock, and
 * a Redis that fails over or loses its data may grant it twice. Then what is changed must check
 * {@link LockGrant#fencingNumber}. It is not Redlock, which rests on timing too and has no such number.
 *
 * <p>It belongs to the {@link LockGrant}, not to a thread, so it may be taken on one thread and released on another. Asking twice
 * is waiting for oneself, unless as the same owner ({@link #ownedBy}) or through {@link LockGrant#reenter}.
 *
 * <pre>{@code
 * try (LockGrant grant = lock.acquire(Duration.ofSeconds(5)).await()) {
 *     report.write(rows, grant.fencingNumber());
 * }
 * }</pre>
 */
public final class RedisLock {

    private final Ledger ledger;
    private final Share share;
    private final Owner.Known owners;
    private final Owner owner;

    RedisLock(Ledger ledger, Share share, Owner.Known owners, Owner owner) {
        this.ledger = ledger;
        this.share = share;
        this.owners = owners;
        this.owner = owner;
    }

    /** The lock of this name, with default options. */
    public static RedisLock on(SharedRedis redis, String name) {
        return on(redis, name, LockOptions.defaults());
    }

    /**
     * The lock of this name. All processes should give it the same options.
     *
     * @param name of printable ASCII without spaces and braces
     */
    public static RedisLock on(SharedRedis redis, String name, LockOptions options) {
        return new RedisLock(new Ledger(redis, "lock", name, options), Share.ALONE, new Owner.Known(), Owner.NOBODY);
    }

    /**
     * This lock for an owner, who gets it again at once while having it through this object; it is free when all was released.
     * Whatever is equal is the same owner: a request, a task, a thread if one likes.
     */
    public RedisLock ownedBy(Object owner) {
        return new RedisLock(ledger, share, owners, owners.of(Objects.requireNonNull(owner, "owner")));
    }

    /** Asks once. The answer is empty where it is held. */
    public Answer<Optional<LockGrant>> tryAcquire() {
        return tryAcquire(Duration.ZERO);
    }

    /**
     * Asks, and waits. The answer comes within the wait and one budget more; it is empty where the lock was held by others all
     * the time, and a failure where Redis could not be asked at the end of it. Cancelling the answer ends the wait.
     *
     * @param wait zero or more
     */
    public Answer<Optional<LockGrant>> tryAcquire(Duration wait) {
        return Acquisition.start(ledger, share, wait, owner, (lock, grant) -> Optional.ofNullable(grant));
    }

    /** As {@link #tryAcquire(Duration)}, but fails with {@link LockTimeoutException} where that is empty. */
    public Answer<LockGrant> acquire(Duration wait) {
        return Acquisition.start(ledger, share, wait, owner, (lock, grant) -> {
            if (grant == null) {
                throw new LockTimeoutException(lock.toString(), wait);
            }
            return grant;
        });
    }

    /** Whether anybody has it now, or any part of it. */
    public Answer<Boolean> isHeld() {
        return Answer.of(ledger.held().thenApply(units -> units > 0));
    }

    @Override
    public String toString() {
        return ledger + " " + ledger.options();
    }
}
