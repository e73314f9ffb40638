package dev.terrace.cache;

/** The far tier did not acknowledge a write. This node repairs it in the background by an invalidation. */
public final class FarWriteException extends CacheException {

    private static final long serialVersionUID = 1L;

    FarWriteException(String message, Throwable cause) {
        super(message, cause);
    }
}
