package dev.terrace.cache.proxy;

import dev.terrace.cache.Cache;
import dev.terrace.cache.LoadFailedException;
import dev.terrace.cache.Loader;
import dev.terrace.cache.annotation.CacheCondition;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;

/** A cached method for one key. */
final class CachedCall implements Invocation {

    private final RepositoryMethod method;
    private final Cache<Object, Object> cache;
    private final KeyOf key;
    private final OptionsOf options;
    private final @Nullable CacheCondition condition;
    private final ResultKind result;
    private final boolean asItIs;
    private final boolean primitive;

    CachedCall(RepositoryMethod method, Cache<Object, Object> cache, Through through) {
        this.method = method;
        this.cache = cache;
        this.key = through.key;
        this.options = through.options;
        this.condition = through.condition;
        this.result = ResultKind.of(method);
        this.asItIs = !result.later() && !result.optional();
        this.primitive = method.method().getReturnType().isPrimitive();
    }

    /** How a call goes through its cache; no condition stands for every call. */
    record Through(KeyOf key, OptionsOf options, @Nullable CacheCondition condition) {}

    @Override
    public @Nullable Object invoke(Object proxy, @Nullable Object[] arguments) throws Throwable {
        if (condition != null && !condition.test(arguments)) {
            return method.call(arguments);
        }
        Object found = key.key(arguments);
        if (found == null) {
            throw new NullPointerException(method.name() + ": the key is null");
        }
        if (result.later()) {
            return later(found, arguments);
        }
        Object value;
        try {
            value = cache.get(found, new Load(method, result, arguments), options.options(arguments));
        } catch (LoadFailedException failed) {
            throw unwrapped(failed);
        }
        if (asItIs && (value != null || !primitive)) {
            return value;
        }
        if (primitive) {
            throw new IllegalStateException(method.name() + ": there is nothing to return as a primitive");
        }
        return result.wrapped(value);
    }

    private CompletableFuture<Object> later(Object found, @Nullable Object[] arguments) {
        CompletableFuture<Object> returned = new CompletableFuture<>();
        CompletableFuture<Object> value =
                cache.async().get(found, new Load(method, result, arguments), options.options(arguments));
        value.whenComplete((loaded, failure) -> {
            if (failure == null) {
                returned.complete(result.wrapped(loaded));
            } else {
                Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
                returned.completeExceptionally(
                        cause instanceof LoadFailedException checked ? checked.getCause() : cause);
            }
        });
        returned.whenComplete((none, failure) -> {
            if (returned.isCancelled()) {
                value.cancel(true);
            }
        });
        return returned;
    }

    private Throwable unwrapped(LoadFailedException failed) {
        Throwable cause = failed.getCause();
        return cause != null && method.declares(cause) ? cause : failed;
    }

    /** Calls the delegate for what no tier has. */
    private record Load(
            RepositoryMethod method,
            ResultKind result,
            @Nullable Object[] arguments) implements Loader<Object, Object> {

        @Override
        @SuppressWarnings("NullAway")
        public Object load(Object key) throws Exception {
            Object returned = method.callChecked(arguments);
            if (!result.later()) {
                return result.unwrapped(returned);
            }
            try {
                // On a thread for loads, which is interrupted at the load deadline.
                return result.unwrapped(
                        ResultKind.stage(method, returned).toCompletableFuture().get());
            } catch (ExecutionException e) {
                if (e.getCause() instanceof Exception failure) {
                    throw failure;
                }
                throw e;
            }
        }
    }
}
