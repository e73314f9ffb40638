package dev.terrace.cache.annotation;

import org.jspecify.annotations.Nullable;

/** Makes the key of a call. Thread-safe; must be quick. */
@FunctionalInterface
public interface KeyFunction {

    /**
     * The key, with {@code equals} and {@code hashCode}.
     *
     * @param arguments of the call; not to be changed
     */
    Object key(@Nullable Object[] arguments);

    /** Stands for: there is none, {@link CacheKey} says what the key is. */
    final class None implements KeyFunction {

        /** The only state it has is none. */
        public None() {}

        @Override
        public Object key(@Nullable Object[] arguments) {
            throw new UnsupportedOperationException("no key function");
        }
    }
}
