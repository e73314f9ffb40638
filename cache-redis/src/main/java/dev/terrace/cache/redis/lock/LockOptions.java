package dev.terrace.cache.redis.lock;

import java.time.Duration;
import java.util.Objects;
import java.util.function.Consumer;

/** How a lock is held and waited for. Immutable; each method makes a copy. */
public final class LockOptions {

    private static final LockOptions DEFAULTS =
            new LockOptions(Duration.ofSeconds(30), Duration.ofHours(24), false, lost -> {}, Duration.ofSeconds(1));

    private final Duration lease;
    private final Duration renewFor;
    private final boolean fair;
    private final Consumer<LockGrant> onLost;
    private final Duration recheck;

    private LockOptions(Duration lease, Duration renewFor, boolean fair, Consumer<LockGrant> onLost, Duration recheck) {
        this.lease = lease;
        this.renewFor = renewFor;
        this.fair = fair;
        this.onLost = onLost;
        this.recheck = recheck;
    }

    /** A lease of 30 s, renewed for 24 h, whoever comes first. */
    public static LockOptions defaults() {
        return DEFAULTS;
    }

    /**
     * How long a grant outlives its holder's last sign of life; it is renewed every third of this. Others wait that long for a
     * holder that died.
     *
     * @param lease 1 ms to 1 day, and longer than a round trip
     */
    public LockOptions lease(Duration lease) {
        if (lease.toMillis() < 1 || lease.compareTo(Duration.ofDays(1)) > 0) {
            throw new IllegalArgumentException("lease " + lease + " is not between 1 ms and 1 day");
        }
        return new LockOptions(lease, renewFor, fair, onLost, recheck);
    }

    /**
     * How long a grant is renewed: a holder that hangs in a living process is to lose it some time.
     *
     * @param renewFor zero for a grant that ends with its first lease
     */
    public LockOptions renewFor(Duration renewFor) {
        if (renewFor.isNegative()) {
            throw new IllegalArgumentException("renewFor " + renewFor + " is negative");
        }
        return new LockOptions(lease, renewFor, fair, onLost, recheck);
    }

    /**
     * Serves waiters in the order in which they came. A waiter whose process died holds up the others for 3 s at most. Each
     * hand-over then costs one more message than where whoever comes first may take a free lock.
     */
    public LockOptions fair() {
        return new LockOptions(lease, renewFor, true, onLost, recheck);
    }

    /**
     * Told when a grant ended before it was released: the lease passed without a renewal that Redis confirmed, or Redis said
     * that it had ended. Called once for each grant, on a timer's thread, so it must not block.
     */
    public LockOptions onLost(Consumer<LockGrant> onLost) {
        return new LockOptions(lease, renewFor, fair, Objects.requireNonNull(onLost, "onLost"), recheck);
    }

    /** After which time a waiter asks again that nobody woke. */
    LockOptions recheck(Duration recheck) {
        return new LockOptions(lease, renewFor, fair, onLost, recheck);
    }

    Duration lease() {
        return lease;
    }

    Duration renewFor() {
        return renewFor;
    }

    boolean isFair() {
        return fair;
    }

    Consumer<LockGrant> onLost() {
        return onLost;
    }

    Duration recheck() {
        return recheck;
    }

    @Override
    public String toString() {
        return "LockOptions[lease " + lease + ", renewed for " + renewFor + (fair ? ", fair]" : "]");
    }
}
