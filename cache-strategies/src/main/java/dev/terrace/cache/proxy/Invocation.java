package dev.terrace.cache.proxy;

import org.jspecify.annotations.Nullable;

/** What a call of one method does. */
@FunctionalInterface
interface Invocation {

    @Nullable
    Object invoke(Object proxy, @Nullable Object[] arguments) throws Throwable;
}
