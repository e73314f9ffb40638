package dev.terrace.cache.examples.storefront;

import org.jspecify.annotations.Nullable;

/** The command line says something that cannot be done. The message begins with the argument's name. */
final class BadArgumentException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    BadArgumentException(String argument, String problem) {
        this(argument, problem, null);
    }

    BadArgumentException(String argument, String problem, @Nullable Throwable cause) {
        super(argument + ": " + problem, cause);
    }
}
