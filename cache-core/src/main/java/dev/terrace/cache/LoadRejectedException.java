package dev.terrace.cache;

/** Too many loads are running and waiting; this one was not started. */
public final class LoadRejectedException extends CacheException {

    private static final long serialVersionUID = 1L;

    LoadRejectedException(String message) {
        super(message);
    }
}
