package dev.terrace.cache.proxy;

import dev.terrace.cache.annotation.CacheCondition;
import dev.terrace.cache.strategy.WriteThrough;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** A method that writes the store, and whose result, or argument, is put into the cache. */
final class PutCall implements Invocation {

    private final RepositoryMethod method;
    private final WriteThrough<Object, Object> cache;
    private final CachedCall.Through through;
    private final ResultKind result;
    /** The argument that is put where the method returns nothing, or -1. */
    private final int argument;

    PutCall(RepositoryMethod method, WriteThrough<Object, Object> cache, CachedCall.Through through) {
        this.method = method;
        this.cache = cache;
        this.through = through;
        this.result = ResultKind.of(method);
        this.argument = method.method().getReturnType() == void.class ? argument(method) : -1;
    }

    private static int argument(RepositoryMethod method) {
        List<KeyOf.Marked> marked = KeyOf.marked(method);
        RepositoryMethod.require(
                marked.size() == 1 && !marked.get(0).path().isEmpty(),
                "returns nothing to put: return the value, or mark it as @CacheKey(\"its key's property\")");
        return marked.get(0).index();
    }

    @Override
    public @Nullable Object invoke(Object proxy, @Nullable Object[] arguments) throws Throwable {
        CacheCondition condition = through.condition();
        if (condition != null && !condition.test(arguments)) {
            return method.call(arguments);
        }
        Object key = through.key().key(arguments);
        if (key == null) {
            throw new NullPointerException(method.name() + ": the key is null");
        }
        if (result.later()) {
            return Stages.after(method, arguments, () -> cache.async().invalidate(key));
        }
        return cache.<@Nullable Object>put(
                key,
                () -> method.callChecked(arguments),
                returned -> argument >= 0 ? arguments[argument] : result.unwrapped(returned),
                through.options().options(arguments));
    }

    /** A stage of the delegate, and what follows it. */
    static final class Stages {

        private Stages() {}

        /** Completes as the delegate's stage does, once what follows it has ended, whatever came of that. */
        static CompletionStage<?> after(RepositoryMethod method, @Nullable Object[] arguments, Following following)
                throws Throwable {
            Object returned;
            try {
                returned = method.call(arguments);
            } catch (Throwable failure) {
                following.begin();
                throw failure;
            }
            CompletionStage<?> stage = ResultKind.stage(method, returned);
            return stage.handle((value, failure) -> following.begin().handle((done, unacknowledged) -> stage))
                    .thenCompose(ended -> ended.thenCompose(same -> same));
        }

        /** What follows a stage. Its failures are the cache's to count and repair. */
        @FunctionalInterface
        interface Following {
            CompletionStage<?> begin();
        }
    }
}
