package dev.terrace.cache.proxy;

import dev.terrace.cache.AsyncCache;
import dev.terrace.cache.Cache;
import dev.terrace.cache.annotation.CacheCondition;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
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
        Going going(RepositoryMethod method, @Nullable Object[] arguments) {
            if (condition != null && !condition.test(arguments)) {
                return null;
            }
            List<Object> keys = new ArrayList<>();
            if (key != null) {
                Object found = known(method, key.key(arguments));
                if (KeyOf.isMany(found.getClass())) {
                    ((Iterable<?>) found).forEach(one -> keys.add(known(method, one)));
                } else {
                    keys.add(found);
                }
            }
            return new Going(cache, keys, tags.tags(arguments), all);
        }
    }

    /** Before the call, after which it would be too late to refuse anything. */
    private static Object known(RepositoryMethod method, @Nullable Object key) {
        return Objects.requireNonNull(key, () -> method.name() + ": the key is null");
    }

    /** What is to go. */
    record Going(Cache<Object, Object> cache, List<Object> keys, String[] tags, boolean all) {

        /** Each step, since one that fails says nothing about the others. */
        List<Runnable> steps() {
            List<Runnable> steps = new ArrayList<>();
            if (all) {
                steps.add(cache::clear);
            }
            for (String tag : tags) {
                steps.add(() -> cache.invalidateTag(tag));
            }
            if (!keys.isEmpty()) {
                steps.add(() -> cache.invalidateAll(keys));
            }
            return steps;
        }

        /** As {@link #steps}, each of which begins one. */
        List<Supplier<CompletableFuture<?>>> laterSteps() {
            AsyncCache<Object, Object> async = cache.async();
            List<Supplier<CompletableFuture<?>>> steps = new ArrayList<>();
            if (all) {
                steps.add(async::clear);
            }
            for (String tag : tags) {
                steps.add(() -> async.invalidateTag(tag));
            }
            if (!keys.isEmpty()) {
                steps.add(() -> async.invalidateAll(keys));
            }
            return steps;
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
            Going going = target.going(method, arguments);
            if (going != null) {
                goings.add(going);
            }
        }
        if (later) {
            return PutCall.Stages.after(method, arguments, given -> begin(goings));
        }
        Object returned;
        try {
            returned = call.invoke(proxy, arguments);
        } catch (Throwable failure) {
            go(goings, failure);
            throw failure;
        }
        Throwable failure = go(goings, null);
        if (failure != null) {
            throw failure;
        }
        return returned;
    }

    /** Attempts everything. Returns the failure, or else the first of its own; further ones are suppressed in it. */
    private static @Nullable Throwable go(List<Going> goings, @Nullable Throwable failure) {
        Throwable first = failure;
        for (Going going : goings) {
            for (Runnable step : going.steps()) {
                first = attempt(step, first);
            }
        }
        return first;
    }

    /** Returns the failure, where there is one, in which what this step throws is suppressed; else what it throws, or null. */
    static @Nullable Throwable attempt(Runnable step, @Nullable Throwable failure) {
        try {
            step.run();
            return failure;
        } catch (Throwable thrown) {
            if (failure == null) {
                return thrown;
            }
            if (failure != thrown) {
                failure.addSuppressed(thrown);
            }
            return failure;
        }
    }

    private static CompletableFuture<?> begin(List<Going> goings) {
        return CompletableFuture.allOf(goings.stream()
                .flatMap(going -> going.laterSteps().stream())
                .map(InvalidateCall::begun)
                .toArray(CompletableFuture[]::new));
    }

    private static CompletableFuture<?> begun(Supplier<CompletableFuture<?>> step) {
        try {
            return step.get();
        } catch (Throwable thrown) {
            return CompletableFuture.failedFuture(thrown);
        }
    }
}
