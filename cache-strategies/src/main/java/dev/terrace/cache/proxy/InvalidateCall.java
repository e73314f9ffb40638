package dev.terrace.cache.proxy;

import dev.terrace.cache.AsyncCache;
import dev.terrace.cache.Cache;
import dev.terrace.cache.annotation.CacheCondition;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** A method that changes the store, after which keys, tags or everything go. */
final class InvalidateCall implements Invocation {

    private final RepositoryMethod method;
    private final Invocation call;
    private final List<Target> targets;
    private final boolean later;

    /**
     * What one annotation says.
     *
     * @param key null where it names none
     */
    record Target(
            Cache<Object, Object> cache,
            @Nullable KeyOf key,
            TagsOf tags,
            boolean all,
            @Nullable CacheCondition condition) {

        /** What is to go; worked out before the call, which may change its arguments. */
        @Nullable
        Going going(@Nullable Object[] arguments) {
            if (condition != null && !condition.test(arguments)) {
                return null;
            }
            List<Object> keys = new ArrayList<>();
            if (key != null) {
                Object found = Objects.requireNonNull(key.key(arguments), "the key is null");
                if (found instanceof Iterable<?> many) {
                    many.forEach(keys::add);
                } else {
                    keys.add(found);
                }
            }
            return new Going(cache, keys, tags.tags(arguments), all);
        }
    }

    /** What is to go. */
    record Going(Cache<Object, Object> cache, List<Object> keys, String[] tags, boolean all) {

        void go() {
            if (all) {
                cache.clear();
            }
            for (String tag : tags) {
                cache.invalidateTag(tag);
            }
            if (!keys.isEmpty()) {
                cache.invalidateAll(keys);
            }
        }

        CompletableFuture<?> begin() {
            AsyncCache<Object, Object> async = cache.async();
            List<CompletableFuture<?>> begun = new ArrayList<>();
            if (all) {
                begun.add(async.clear());
            }
            for (String tag : tags) {
                begun.add(async.invalidateTag(tag));
            }
            if (!keys.isEmpty()) {
                begun.add(async.invalidateAll(keys));
            }
            return CompletableFuture.allOf(begun.toArray(CompletableFuture[]::new));
        }
    }

    /** @param call the method itself, perhaps through another cache */
    InvalidateCall(RepositoryMethod method, Invocation call, List<Target> targets) {
        this.method = method;
        this.call = call;
        this.targets = targets;
        this.later = ResultKind.of(method).later();
    }

    @Override
    public @Nullable Object invoke(Object proxy, @Nullable Object[] arguments) throws Throwable {
        List<Going> goings = new ArrayList<>(targets.size());
        for (Target target : targets) {
            Going going = target.going(arguments);
            if (going != null) {
                goings.add(going);
            }
        }
        if (later) {
            return PutCall.Stages.after(
                    method,
                    arguments,
                    () -> CompletableFuture.allOf(
                            goings.stream().map(Going::begin).toArray(CompletableFuture[]::new)));
        }
        Object returned;
        try {
            returned = call.invoke(proxy, arguments);
        } catch (Throwable failure) {
            try {
                goings.forEach(Going::go);
            } catch (RuntimeException unacknowledged) {
                failure.addSuppressed(unacknowledged);
            }
            throw failure;
        }
        goings.forEach(Going::go);
        return returned;
    }
}
