package dev.terrace.cache.proxy;

import dev.terrace.cache.annotation.CacheCondition;
import dev.terrace.cache.strategy.WriteThrough;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * A method that writes the store, and whose result, or argument, is put into the cache. Where that is of the type of the
 * parameter of which a property is the key, its own property is: a store may make keys.
 */
final class PutCall implements Invocation {

    private final RepositoryMethod method;
    private final WriteThrough<Object, Object> cache;
    private final CachedCall.Through through;
    private final ResultKind result;
    /** The argument that is put where the method returns nothing, or -1. */
    private final int argument;
    /** The argument in whose place what is put is asked for its key, or -1. */
    private final int stored;

    PutCall(RepositoryMethod method, WriteThrough<Object, Object> cache, CachedCall.Through through) {
        this.method = method;
        this.cache = cache;
        this.through = through;
        this.result = ResultKind.of(method);
        this.argument = method.method().getReturnType() == void.class ? argument(method) : -1;
        this.stored = argument >= 0 ? argument : ofType(method, method.types().rawClass(result.type()));
    }

    private static int argument(RepositoryMethod method) {
        List<KeyOf.Marked> marked = KeyOf.marked(method);
        RepositoryMethod.require(
                marked.size() == 1 && !marked.get(0).path().isEmpty(),
                "returns nothing to put: return the value, or mark it as @CacheKey(\"its key's property\")");
        return marked.get(0).index();
    }

    /** The one parameter of this type of which a property is the key, or a part of it; -1 where there is none, or several. */
    private static int ofType(RepositoryMethod method, Class<?> type) {
        List<KeyOf.Marked> found = KeyOf.marked(method).stream()
                .filter(marked -> marked.type() == type && !marked.path().isEmpty())
                .toList();
        return found.size() == 1 ? found.get(0).index() : -1;
    }

    @Override
    public @Nullable Object invoke(Object proxy, @Nullable Object[] arguments) throws Throwable {
        CacheCondition condition = through.condition();
        if (condition != null && !condition.test(arguments)) {
            return method.call(arguments);
        }
        Object key = through.key().key(arguments);
        if (key == null && stored < 0) {
            throw new NullPointerException(method.name() + ": the key is null");
        }
        if (result.later()) {
            return Stages.after(method, arguments, given -> invalidated(arguments, key, result.unwrapped(given)));
        }
        if (stored < 0 && key != null) {
            return cache.<@Nullable Object>put(
                    key,
                    () -> method.callChecked(arguments),
                    result::unwrapped,
                    through.options().options(arguments));
        }
        return cache.<@Nullable Object>putStored(
                () -> method.callChecked(arguments), returned -> row(arguments, key, returned));
    }

    private WriteThrough.@Nullable Row<Object, Object> row(
            @Nullable Object[] arguments, @Nullable Object before, @Nullable Object returned) {
        Object value = argument >= 0 ? arguments[argument] : result.unwrapped(returned);
        try {
            @Nullable Object[] after = after(arguments, value);
            Object key = key(after, before);
            return key == null
                    ? null
                    : new WriteThrough.Row<>(key, value, through.options().options(after));
        } catch (Throwable failure) {
            if (before != null) {
                InvalidateCall.attempt(() -> cache.invalidate(before), failure);
            }
            throw failure;
        }
    }

    private CompletionStage<?> invalidated(
            @Nullable Object[] arguments, @Nullable Object before, @Nullable Object value) {
        Object key = stored < 0 ? before : key(after(arguments, value), before);
        return key == null
                ? CompletableFuture.completedFuture(null)
                : cache.async().invalidate(key);
    }

    private @Nullable Object key(@Nullable Object[] after, @Nullable Object before) {
        Object key = through.key().key(after);
        return key == null ? before : key;
    }

    /** The arguments, with what was stored in place of what was to be. */
    private @Nullable Object[] after(@Nullable Object[] arguments, @Nullable Object value) {
        @Nullable Object[] after = arguments.clone();
        if (value != null) {
            after[stored] = value;
        }
        return after;
    }

    /** A stage of the delegate, and what follows it. */
    static final class Stages {

        private Stages() {}

        /** Completes as the delegate's stage does, once what follows it has ended, whatever came of that. */
        static CompletionStage<?> after(RepositoryMethod method, @Nullable Object[] arguments, Following following)
                throws Throwable {
            CompletionStage<?> stage;
            try {
                stage = ResultKind.stage(method, method.call(arguments));
            } catch (Throwable failure) {
                InvalidateCall.attempt(() -> following.begin(null), failure);
                throw failure;
            }
            return stage.handle((value, failure) -> begun(following, value).handle((done, unacknowledged) -> stage))
                    .thenCompose(ended -> ended.thenCompose(same -> same));
        }

        private static CompletionStage<?> begun(Following following, @Nullable Object given) {
            try {
                return following.begin(given);
            } catch (Throwable failure) {
                return CompletableFuture.failedFuture(failure);
            }
        }

        /** What follows a stage, which gave this or failed. Its failures are the cache's to count and repair. */
        @FunctionalInterface
        interface Following {
            CompletionStage<?> begin(@Nullable Object given);
        }
    }
}
