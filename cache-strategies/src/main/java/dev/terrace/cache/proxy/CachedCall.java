package dev.terrace.cache.proxy;

import dev.terrace.cache.Cache;
import dev.terrace.cache.EntryOptions;
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
    /** Which argument the key is where nothing has to be worked out for a call, else -1. */
    private final int plainKey;

    private final EntryOptions plainOptions;
    /** Loads what the key says everything about, so that a hit need not make a loader; null where there are other arguments. */
    private final @Nullable Loader<Object, Object> byKey;

    CachedCall(RepositoryMethod method, Cache<Object, Object> cache, Through through) {
        this.method = method;
        this.cache = cache;
        this.key = through.key;
        this.options = through.options;
        this.condition = through.condition;
        this.result = ResultKind.of(method);
        this.asItIs = !result.later() && !result.optional();
        this.primitive = method.method().getReturnType().isPrimitive();
        EntryOptions constant = options.constant();
        this.plainKey = asItIs && condition == null && constant != null ? key.index() : -1;
        this.plainOptions = constant == null ? EntryOptions.DEFAULT : constant;
        this.byKey = plainKey == 0 && method.method().getParameterCount() == 1
                ? id -> new Load(method, result, new Object[] {id}).load(id)
                : null;
    }

    /** How a call goes through its cache; no condition stands for every call. */
    record Through(KeyOf key, OptionsOf options, @Nullable CacheCondition condition) {}

    @Override
    public @Nullable Object invoke(Object proxy, @Nullable Object[] arguments) throws Throwable {
        if (plainKey < 0) {
            return workedOut(arguments);
        }
        // Short, to be compiled into its callers: most calls are near hits.
        Object found = arguments[plainKey];
        if (found == null) {
            throw new NullPointerException(method.name() + ": the key is null");
        }
        Loader<Object, Object> loader = byKey;
        return returned(got(found, loader == null ? new Load(method, result, arguments) : loader, plainOptions));
    }

    private @Nullable Object got(Object found, Loader<Object, Object> loader, EntryOptions its) throws Throwable {
        try {
            return cache.get(found, loader, its);
        } catch (LoadFailedException failed) {
            throw unwrapped(failed);
        }
    }

    private @Nullable Object returned(@Nullable Object value) {
        if (value == null && primitive) {
            throw new IllegalStateException(method.name() + ": there is nothing to return as a primitive");
        }
        return value;
    }

    private @Nullable Object workedOut(@Nullable Object[] arguments) throws Throwable {
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
        Object value = got(found, new Load(method, result, arguments), options.options(arguments));
        return asItIs ? returned(value) : result.wrapped(value);
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
                if (e.getCause() instanceof Error error) {
                    throw error;
                }
                if (e.getCause() instanceof Exception failure) {
                    throw failure;
                }
                throw e;
            }
        }
    }
}
