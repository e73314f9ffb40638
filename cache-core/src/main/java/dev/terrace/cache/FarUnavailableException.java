package dev.terrace.cache;

import java.time.Duration;

/**
 * A call of the far tier was given up, or not even made. Thrown by the thousand when a server dies, from threads that did
 * not make the call: so it has no stack trace.
 */
final class FarUnavailableException extends CacheException {

    private static final long serialVersionUID = 1L;

    private final Reason reason;

    private FarUnavailableException(Reason reason, String message) {
        super(message);
        this.reason = reason;
    }

    static FarUnavailableException timedOut(Duration budget) {
        return new FarUnavailableException(Reason.TIMED_OUT, "No answer within farBudget " + budget);
    }

    static FarUnavailableException breakerOpen() {
        return new FarUnavailableException(Reason.BREAKER_OPEN, "Not called: the circuit breaker is open");
    }

    static FarUnavailableException tooManyCalls(int maxConcurrentFarCalls) {
        return new FarUnavailableException(
                Reason.TOO_MANY_CALLS, "Not called: maxConcurrentFarCalls " + maxConcurrentFarCalls + " are under way");
    }

    Reason reason() {
        return reason;
    }

    /** Whether the call was made before it was given up. */
    boolean wasCalled() {
        return reason == Reason.TIMED_OUT;
    }

    @Override
    public synchronized Throwable fillInStackTrace() {
        return this;
    }

    enum Reason {
        TIMED_OUT,
        BREAKER_OPEN,
        TOO_MANY_CALLS
    }
}
