package dev.terrace.cache.redis.lock;

import dev.terrace.cache.redis.Answer;
import dev.terrace.cache.redis.SharedRedis;
import java.time.Duration;
import java.util.Optional;

/**
 * A number of permits that processes have together. Each grant has a lease, is renewed and can be lost, as that of a
 * {@link RedisLock}. Processes that disagree about the number of permits each go by their own. Thread-safe.
 */
public final class RedisSemaphore {

    /** A grant costs Redis time for each of its permits. */
    private static final int MOST = 10_000;

    private final Ledger ledger;
    private final int permits;

    private RedisSemaphore(Ledger ledger, int permits) {
        this.ledger = ledger;
        this.permits = permits;
    }

    /** The semaphore of this name, with default options. */
    public static RedisSemaphore on(SharedRedis redis, String name, int permits) {
        return on(redis, name, permits, LockOptions.defaults());
    }

    /**
     * The semaphore of this name. All processes should give it the same permits and options.
     *
     * @param name of printable ASCII without spaces and braces
     * @param permits 1 to 10,000
     */
    public static RedisSemaphore on(SharedRedis redis, String name, int permits, LockOptions options) {
        if (permits < 1 || permits > MOST) {
            throw new IllegalArgumentException("permits " + permits + " is not between 1 and " + MOST);
        }
        return new RedisSemaphore(new Ledger(redis, "semaphore", name, options), permits);
    }

    /**
     * Asks for permits, and waits, as {@link RedisLock#tryAcquire(Duration)} does.
     *
     * @param wanted 1 to all there are
     * @param wait zero or more
     */
    public Answer<Optional<LockGrant>> tryAcquire(int wanted, Duration wait) {
        return Acquisition.start(
                ledger, share(wanted), wait, Owner.NOBODY, (semaphore, grant) -> Optional.ofNullable(grant));
    }

    /** As {@link #tryAcquire(int, Duration)}, but fails with {@link LockTimeoutException} where that is empty. */
    public Answer<LockGrant> acquire(int wanted, Duration wait) {
        return Acquisition.start(ledger, share(wanted), wait, Owner.NOBODY, (semaphore, grant) -> {
            if (grant == null) {
                throw new LockTimeoutException(semaphore.toString(), wait);
            }
            return grant;
        });
    }

    /** How many permits nobody has now. */
    public Answer<Integer> available() {
        return Answer.of(ledger.held().thenApply(held -> Math.max(0, permits - held)));
    }

    private Share share(int wanted) {
        if (wanted < 1 || wanted > permits) {
            throw new IllegalArgumentException("permits " + wanted + " are not between 1 and " + permits);
        }
        return Share.of(wanted, permits);
    }

    @Override
    public String toString() {
        return ledger + " of " + permits + " permits, " + ledger.options();
    }
}
