package dev.terrace.cache;

import org.jspecify.annotations.Nullable;

/** Is told, once, how a call ended. */
@FunctionalInterface
interface CallEnd<T> {

    /** @param failure without what futures wrap around it; null where there is an answer */
    void ended(@Nullable T answer, @Nullable Throwable failure);

    /** The same after something else, even if that fails. */
    default CallEnd<T> after(CallEnd<? super T> first) {
        return (answer, failure) -> {
            try {
                first.ended(answer, failure);
            } finally {
                ended(answer, failure);
            }
        };
    }
}
