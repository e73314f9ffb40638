package dev.terrace.cache;

/** The operations of a far tier, as metrics name them. */
public enum FarOperation {
    READ(FailureKind.FAR_READ),
    VALIDATE(FailureKind.FAR_READ),
    LEASE(FailureKind.FAR_LEASE),
    RELEASE(FailureKind.FAR_LEASE),
    FILL(FailureKind.FAR_FILL),
    PUT(FailureKind.FAR_WRITE),
    INVALIDATE(FailureKind.FAR_WRITE),
    EXPIRE(FailureKind.FAR_WRITE),
    TOUCH(FailureKind.FAR_READ),
    MARKERS(FailureKind.FAR_HEARTBEAT),
    RAISE(FailureKind.FAR_WRITE),
    PING(FailureKind.FAR_HEARTBEAT);

    private final FailureKind failure;

    FarOperation(FailureKind failure) {
        this.failure = failure;
    }

    /** How a failure of this operation is counted. */
    public FailureKind failure() {
        return failure;
    }
}
