package dev.terrace.cache;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A call of the far tier was given up, or not even made. Thrown by the thousand when a server dies, from threads that did
 * not make the call: so it has no stack trace.
 */
final class FarUnavailableException extends CacheException {

    private static final long serialVersionUID = 1L;

    private final Reason reason;

    private FarUnavailableException(Reason reason, String message, @Nullable Throwable cause) {
        super(message);
        this.reason = reason;
        if (cause != null) {
            initCause(cause);
        }
    }

    static FarUnavailableException timedOut(Duration budget) {
        return new FarUnavailableException(Reason.TIMED_OUT, "No answer within farBudget " + budget, null);
    }

    /** @param openedBy the failure after which calls were last refused */
    static FarUnavailableException breakerOpen(@Nullable Throwable openedBy) {
        return new FarUnavailableException(Reason.BREAKER_OPEN, "Not called: the circuit breaker is open", openedBy);
    }

    static FarUnavailableException tooManyCalls(int maxConcurrentFarCalls) {
        return new FarUnavailableException(
                Reason.TOO_MANY_CALLS,
                "Not called: maxConcurrentFarCalls " + maxConcurrentFarCalls + " are under way",
                null);
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
