package dev.terrace.cache.proxy;

import dev.terrace.cache.Cache;
import dev.terrace.cache.Caches;
import dev.terrace.cache.annotation.CacheCondition;
import dev.terrace.cache.annotation.CacheInvalidate;
import dev.terrace.cache.annotation.CacheKey;
import dev.terrace.cache.annotation.CachePut;
import dev.terrace.cache.annotation.Cached;
import dev.terrace.cache.annotation.KeyFunction;
import dev.terrace.cache.strategy.WriteThrough;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Parameter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads a repository's annotations, and says everything that is wrong with them at once. */
final class RepositoryPlan<T> {

    private static final MethodType GENERIC = MethodType.methodType(Object.class, Object[].class);

    private final Class<T> repository;
    private final T delegate;
    private final Caches caches;
    private final TypeArguments types;
    private final Map<String, WriteThrough<Object, Object>> writing = new HashMap<>();
    /** The first method of each cache whose keys are numbers. */
    private final Map<String, Numbered> numbered = new HashMap<>();

    private final List<String> mistakes = new ArrayList<>();

    RepositoryPlan(Class<T> repository, T delegate, Caches caches) {
        if (!repository.isInterface() || repository.isAnnotation()) {
            throw new IllegalArgumentException(repository.getName() + " is no interface");
        }
        this.repository = repository;
        this.delegate = delegate;
        this.caches = caches;
        this.types = new TypeArguments(repository);
    }

    /** What a call of each method does. */
    Map<Method, Invocation> invocations() {
        Map<Method, Invocation> invocations = new LinkedHashMap<>();
        for (Method method : repository.getMethods()) {
            if (Modifier.isStatic(method.getModifiers()) || isBridge(method)) {
                continue;
            }
            RepositoryMethod named = new RepositoryMethod(repository, method, types, NOT_CALLED);
            try {
                invocations.put(
                        method, invocation(new RepositoryMethod(repository, method, types, delegateHandle(method))));
            } catch (Mistake | IllegalArgumentException mistake) {
                mistakes.add(named.name() + " " + mistake.getMessage());
            }
        }
        for (Method method : repository.getMethods()) {
            Method target = isBridge(method) ? target(method) : null;
            if (target != null && invocations.containsKey(target)) {
                invocations.put(method, invocations.get(target));
            }
        }
        if (!mistakes.isEmpty()) {
            throw new IllegalArgumentException(String.join(System.lineSeparator(), mistakes));
        }
        return invocations;
    }

    /** Whether the compiler has made it, for callers of what an annotated method overrides with other types. */
    private boolean isBridge(Method method) {
        return method.isBridge() && target(method) != null;
    }

    private @Nullable Method target(Method bridge) {
        List<Method> targets = Arrays.stream(repository.getMethods())
                .filter(method -> !method.isBridge() && isOverriding(method, bridge))
                .toList();
        return targets.size() == 1 ? targets.get(0) : null;
    }

    private static boolean isOverriding(Method method, Method bridge) {
        if (!method.getName().equals(bridge.getName())
                || method.getParameterCount() != bridge.getParameterCount()
                || !bridge.getReturnType().isAssignableFrom(method.getReturnType())) {
            return false;
        }
        for (int i = 0; i < method.getParameterCount(); i++) {
            if (!bridge.getParameterTypes()[i].isAssignableFrom(method.getParameterTypes()[i])) {
                return false;
            }
        }
        return true;
    }

    private static final MethodHandle NOT_CALLED =
            MethodHandles.dropArguments(MethodHandles.constant(Object.class, null), 0, Object[].class);

    private MethodHandle delegateHandle(Method method) {
        return Properties.handle(method)
                .bindTo(delegate)
                .asSpreader(Object[].class, method.getParameterCount())
                .asType(GENERIC);
    }

    private Invocation invocation(RepositoryMethod method) {
        Cached cached = method.method().getAnnotation(Cached.class);
        CachePut put = method.method().getAnnotation(CachePut.class);
        CacheInvalidate[] invalidations = method.method().getAnnotationsByType(CacheInvalidate.class);
        if (cached == null && put == null && invalidations.length == 0) {
            RepositoryMethod.require(
                    Arrays.stream(method.method().getParameters()).noneMatch(RepositoryPlan::isKey),
                    "has a @CacheKey and nothing that it would be the key of");
            return uncached(method);
        }
        if (cached != null) {
            RepositoryMethod.require(put == null, "has both @Cached and @CachePut: does it read or write?");
            RepositoryMethod.require(
                    invalidations.length == 0, "has both @Cached and @CacheInvalidate: does it read or write?");
            return cached(method, cached);
        }
        Invocation call = put == null ? (proxy, arguments) -> method.call(arguments) : put(method, put);
        if (invalidations.length == 0) {
            return call;
        }
        List<InvalidateCall.Target> targets = new ArrayList<>();
        for (CacheInvalidate invalidation : invalidations) {
            RepositoryMethod.require(
                    put == null || !put.value().equals(invalidation.value()) || invalidation.tags().length > 0,
                    "has both @CachePut and @CacheInvalidate for cache \"" + invalidation.value() + "\"");
            targets.add(target(method, invalidation));
        }
        RepositoryMethod.require(
                put == null || !ResultKind.of(method).later(),
                "has both @CachePut and @CacheInvalidate and returns a stage: leave @CachePut out");
        return new InvalidateCall(method, call, List.copyOf(targets));
    }

    private static boolean isKey(Parameter parameter) {
        return parameter.isAnnotationPresent(CacheKey.class);
    }

    /** A default method that the delegate does not override runs on the wrapper. */
    private Invocation uncached(RepositoryMethod method) {
        if (method.method().isDefault() && !isOverridden(method.method())) {
            MethodHandle body = defaultBody(method.method());
            return (proxy, arguments) -> (Object) body.invokeExact(proxy, arguments);
        }
        return (proxy, arguments) -> method.call(arguments);
    }

    private boolean isOverridden(Method method) {
        try {
            return delegate.getClass()
                            .getMethod(method.getName(), method.getParameterTypes())
                            .getDeclaringClass()
                    != method.getDeclaringClass();
        } catch (NoSuchMethodException e) {
            return true;
        }
    }

    private static MethodHandle defaultBody(Method method) {
        Class<?> declaring = method.getDeclaringClass();
        MethodType type = MethodType.methodType(method.getReturnType(), method.getParameterTypes());
        try {
            return MethodHandles.privateLookupIn(declaring, MethodHandles.lookup())
                    .findSpecial(declaring, method.getName(), type, declaring)
                    .asSpreader(Object[].class, method.getParameterCount())
                    .asType(GENERIC.insertParameterTypes(0, Object.class));
        } catch (ReflectiveOperationException e) {
            throw new Mistake("is a default method, and its package is not open to dev.terrace.cache.strategies");
        }
    }

    private Invocation cached(RepositoryMethod method, Cached cached) {
        RepositoryMethod.require(method.method().getReturnType() != void.class, "is @Cached and returns nothing");
        RepositoryMethod.require(
                method.types().rawClass(ResultKind.of(method).shared(method).type()) != Void.class,
                "is @Cached and its stage gives nothing");
        requireKeysOfOneType(method, cached.value());
        Cache<Object, Object> cache = cache(cached.value());
        OptionsOf options = OptionsOf.of(
                cached.freshFor(), cached.staleFor(), cached.negativeFor(), TagsOf.of(method, cached.tags()));
        BulkCall.Elements elements = BulkCall.elements(method, cached.elementKey());
        KeyOf key = KeyOf.of(method, cached.keyFunction());
        CachedCall.Through through = new CachedCall.Through(key, options, condition(cached.condition()));
        return elements == null
                ? new CachedCall(method, cache, through)
                : new BulkCall(method, cache, through, elements);
    }

    private Invocation put(RepositoryMethod method, CachePut put) {
        Cache<Object, Object> cache = cache(put.value());
        ResultKind.of(method).shared(method);
        requireKeysOfOneType(method, put.value());
        OptionsOf options = OptionsOf.of(put.freshFor(), put.staleFor(), "", TagsOf.of(method, put.tags()));
        KeyOf key = KeyOf.of(method, put.keyFunction());
        KeyOf.marked(method)
                .forEach(marked -> RepositoryMethod.require(
                        !KeyOf.isMany(marked.type()) || !marked.path().isEmpty(),
                        "is @CachePut with a collection for a key: put one value by one call"));
        WriteThrough<Object, Object> writing = this.writing.computeIfAbsent(
                put.value(),
                name -> WriteThrough.around(cache, (unused, value) -> {
                    throw new UnsupportedOperationException("the delegate stores");
                }));
        return new PutCall(method, writing, new CachedCall.Through(key, options, condition(put.condition())));
    }

    private InvalidateCall.Target target(RepositoryMethod method, CacheInvalidate invalidation) {
        TagsOf tags = TagsOf.of(method, invalidation.tags());
        boolean named = invalidation.keyFunction() != KeyFunction.None.class
                || (tags.isEmpty()
                        && Arrays.stream(method.method().getParameters()).anyMatch(RepositoryPlan::isKey));
        if (invalidation.all()) {
            RepositoryMethod.require(
                    tags.isEmpty() && invalidation.keyFunction() == KeyFunction.None.class,
                    "is @CacheInvalidate of all, and of tags or keys");
            return new InvalidateCall.Target(
                    cache(invalidation.value()), null, tags, true, condition(invalidation.condition()));
        }
        RepositoryMethod.require(
                named || !tags.isEmpty(),
                "is @CacheInvalidate of what? Mark a parameter with @CacheKey, or name tags, or say all = true");
        KeyOf key = named ? KeyOf.of(method, invalidation.keyFunction()) : null;
        if (named) {
            requireKeysOfOneType(method, invalidation.value());
        }
        return new InvalidateCall.Target(
                cache(invalidation.value()), key, tags, false, condition(invalidation.condition()));
    }

    /** An {@code Integer} and a {@code Long} of one number are two keys, so that what one method changes another would not see. */
    private void requireKeysOfOneType(RepositoryMethod method, String cache) {
        Class<?> type = KeyOf.typeOfOne(method);
        if (type == null || !Number.class.isAssignableFrom(type) || !Modifier.isFinal(type.getModifiers())) {
            return;
        }
        Numbered first = numbered.putIfAbsent(cache, new Numbered(type, method.name()));
        RepositoryMethod.require(
                first == null || first.type == type,
                first == null
                        ? ""
                        : "has keys of type " + type.getSimpleName() + " for cache \"" + cache + "\", but "
                                + first.method + " has " + first.type.getSimpleName() + ": no two of them are equal");
    }

    private record Numbered(Class<?> type, String method) {}

    private Cache<Object, Object> cache(String name) {
        return caches.<Object, Object>find(name)
                .orElseThrow(() -> new Mistake("names cache \"" + name + "\", but there are " + caches.names()));
    }

    private static @Nullable CacheCondition condition(Class<? extends CacheCondition> type) {
        return type == CacheCondition.Always.class ? null : RepositoryMethod.instance(type);
    }
}
