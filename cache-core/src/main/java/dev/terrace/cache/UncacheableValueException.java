package dev.terrace.cache;

/** A value cannot be stored: its codec failed, or its bytes are over the size limit. */
public final class UncacheableValueException extends CacheException {

    private static final long serialVersionUID = 1L;

    UncacheableValueException(String message, Throwable cause) {
        super(message, cause);
    }
}
