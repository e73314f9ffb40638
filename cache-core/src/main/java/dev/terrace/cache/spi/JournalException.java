package dev.terrace.cache.spi;

import org.jspecify.annotations.Nullable;

/** A journal cannot be opened, read or written; the message says which, where and why, without what it holds. */
public final class JournalException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /** @param message what is wrong, and where */
    public JournalException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
