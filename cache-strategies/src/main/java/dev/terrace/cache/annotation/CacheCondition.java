package dev.terrace.cache.annotation;

import org.jspecify.annotations.Nullable;

/** Decides call by call whether a method goes through the cache. Thread-safe; must be quick. */
@FunctionalInterface
public interface CacheCondition {

    /** @param arguments of the call; not to be changed */
    boolean test(@Nullable Object[] arguments);

    /** Every call. */
    final class Always implements CacheCondition {

        /** The only state it has is none. */
        public Always() {}

        @Override
        public boolean test(@Nullable Object[] arguments) {
            return true;
        }
    }
}
