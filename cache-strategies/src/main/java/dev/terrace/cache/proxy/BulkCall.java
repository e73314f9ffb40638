package dev.terrace.cache.proxy;

import dev.terrace.cache.BulkLoader;
import dev.terrace.cache.Cache;
import dev.terrace.cache.LoadFailedException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A cached method for many keys: each element is cached by itself, and the delegate is asked for the missing ones. */
final class BulkCall implements Invocation {

    private final RepositoryMethod method;
    private final Cache<Object, Object> cache;
    private final CachedCall.Through through;
    private final Elements elements;

    /**
     * @param keys the position of the collection of keys
     * @param property the property of an element that is its key; null where the method returns a map
     */
    record Elements(int keys, Class<?> keysType, Class<?> resultType, Properties.@Nullable Path property) {}

    BulkCall(RepositoryMethod method, Cache<Object, Object> cache, CachedCall.Through through, Elements elements) {
        this.method = method;
        this.cache = cache;
        this.through = through;
        this.elements = elements;
    }

    @Override
    public @Nullable Object invoke(Object proxy, @Nullable Object[] arguments) throws Throwable {
        if (through.condition() != null && !through.condition().test(arguments)) {
            return method.call(arguments);
        }
        if (!(arguments[elements.keys] instanceof Iterable<?> keys)) {
            throw new NullPointerException(method.name() + ": the collection of keys is null");
        }
        BulkLoader<Object, Object> loader = missing -> load(arguments, missing);
        Map<Object, Object> found;
        try {
            found = cache.getAll(keys, loader, through.options().options(arguments));
        } catch (LoadFailedException failed) {
            Throwable cause = failed.getCause();
            throw cause != null && method.declares(cause) ? cause : failed;
        }
        if (elements.property == null) {
            return found;
        }
        return elements.resultType.isAssignableFrom(ArrayList.class)
                ? new ArrayList<>(found.values())
                : new LinkedHashSet<>(found.values());
    }

    private Map<Object, Object> load(@Nullable Object[] arguments, Set<?> missing) throws Exception {
        @Nullable Object[] asked = arguments.clone();
        asked[elements.keys] = elements.keysType.isAssignableFrom(ArrayList.class)
                ? new ArrayList<>(missing)
                : new LinkedHashSet<>(missing);
        Object returned = method.callChecked(asked);
        if (returned == null) {
            throw new IllegalStateException(method.name() + ": the delegate returned null for many keys");
        }
        Map<Object, Object> byKey = new LinkedHashMap<>();
        if (elements.property == null) {
            byKey.putAll((Map<?, ?>) returned);
            return byKey;
        }
        for (Object element : (Collection<?>) returned) {
            Object key = elements.property.of(element);
            if (key != null) {
                byKey.put(key, element);
            }
        }
        return byKey;
    }

    /**
     * How a method for many keys takes and returns them, or null if it is one for a single key.
     *
     * @throws Mistake if it is not clear which
     */
    static @Nullable Elements elements(RepositoryMethod method, String elementKey) {
        List<KeyOf.Marked> marked = KeyOf.marked(method);
        boolean manyKeys = marked.size() == 1
                && marked.get(0).path().isEmpty()
                && KeyOf.isMany(marked.get(0).type());
        Class<?> returned = method.method().getReturnType();
        boolean map = Map.class.isAssignableFrom(returned);
        boolean collection = Collection.class.isAssignableFrom(returned);
        if (!manyKeys || !(map || collection)) {
            RepositoryMethod.require(
                    elementKey.isEmpty(),
                    "has an elementKey, which is for a method that takes one collection of keys, marked with @CacheKey, and"
                            + " returns a list, set or collection");
            RepositoryMethod.require(
                    !manyKeys,
                    "takes many keys but returns " + returned.getSimpleName()
                            + ": it should return a map, or a list, set or collection with an elementKey");
            return null;
        }
        Class<?> keysType = marked.get(0).type();
        RepositoryMethod.require(
                keysType.isAssignableFrom(ArrayList.class) || keysType.isAssignableFrom(LinkedHashSet.class),
                "takes its keys as " + keysType.getSimpleName() + ": it should be a Collection, List, Set or Iterable");
        int index = marked.get(0).index();
        if (map) {
            RepositoryMethod.require(
                    returned == Map.class, "returns " + returned.getSimpleName() + ": it should be Map");
            RepositoryMethod.require(
                    elementKey.isEmpty(), "returns a map, which has keys of its own: elementKey is too much");
            return new Elements(index, keysType, returned, null);
        }
        RepositoryMethod.require(
                returned.isAssignableFrom(ArrayList.class) || returned.isAssignableFrom(LinkedHashSet.class),
                "returns " + returned.getSimpleName() + ": it should be a List, Set or Collection");
        RepositoryMethod.require(
                !elementKey.isEmpty(),
                "returns many values: which property of one is its key? Say elementKey = \"id\", or return a map");
        var element = method.types().argument(method.returnType(), 0);
        Class<?> elementType = element == null ? Object.class : method.types().rawClass(element);
        return new Elements(index, keysType, returned, Properties.path(elementType, elementKey));
    }
}
