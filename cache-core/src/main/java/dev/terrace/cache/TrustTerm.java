package dev.terrace.cache;

import java.util.concurrent.atomic.AtomicLongFieldUpdater;

/**
 * How long to trust what was read while one source of the {@link Link} told of all changes, without interruption. It grows
 * with every answered heartbeat, stands still when the source falls silent, and is over at once when the source begins anew.
 */
final class TrustTerm {

    /** Of what no source tells. */
    static final TrustTerm NONE = new TrustTerm();

    /** Of what has changed since it was read. */
    static final TrustTerm CHANGED = new TrustTerm();

    /** Of what this node has changed, and perhaps another one after it. */
    static final TrustTerm ECHOED = new TrustTerm();

    private static final AtomicLongFieldUpdater<TrustTerm> UNTIL =
            AtomicLongFieldUpdater.newUpdater(TrustTerm.class, "until");

    private static final long BEFORE_ANY_ANSWER = Long.MIN_VALUE + 1;

    /** Moved a few times a second and read by every near hit; {@link Long#MIN_VALUE} once it is over. */
    private volatile long until;

    /** How far trust once reached, also after it is over. */
    private volatile long reached = Long.MIN_VALUE;

    private TrustTerm() {
        until = Long.MIN_VALUE;
    }

    private TrustTerm(long until) {
        this.until = until;
    }

    /** One that gives no trust before its first answer, and is not over either. */
    static TrustTerm begin() {
        return new TrustTerm(BEFORE_ANY_ANSWER);
    }

    /** The horizon, in the ticker's nanoseconds; before all time where there is no trust. */
    long until() {
        return until;
    }

    /** Where the horizon was last: how long a node that is cut off serves counts from here. */
    long reached() {
        return reached;
    }

    void extend(long to) {
        long before = until;
        while (before != Long.MIN_VALUE && before < to) {
            if (UNTIL.compareAndSet(this, before, to)) {
                reached = to;
                return;
            }
            before = until;
        }
    }

    void end() {
        until = Long.MIN_VALUE;
    }

    /** Whether what was read in it has to be compared, however young it is. */
    boolean isOver() {
        return until == Long.MIN_VALUE && this != NONE;
    }
}
