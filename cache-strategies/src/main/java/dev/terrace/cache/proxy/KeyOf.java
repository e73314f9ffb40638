package dev.terrace.cache.proxy;

import dev.terrace.cache.annotation.CacheKey;
import dev.terrace.cache.annotation.KeyFunction;
import java.lang.invoke.MethodType;
import java.lang.reflect.Parameter;
import java.lang.reflect.Type;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The key of a call. */
@FunctionalInterface
interface KeyOf {

    /** The key; null where the argument or property is. */
    @Nullable
    Object key(@Nullable Object[] arguments);

    /** Which argument the key is, as it is; -1 where it has to be worked out. */
    default int index() {
        return -1;
    }

    /** An argument as it is. */
    record Argument(int index) implements KeyOf {

        @Override
        public @Nullable Object key(@Nullable Object[] arguments) {
            return arguments[index];
        }
    }

    /** One parameter that {@link CacheKey} marks. */
    record Marked(int index, String path, Class<?> type) {

        KeyOf key() {
            if (path.isEmpty()) {
                requireEquality(type);
                return new Argument(index);
            }
            Properties.Path property = Properties.path(type, path);
            requireEquality(property.type());
            return arguments -> property.of(arguments[index]);
        }
    }

    /** The type of the keys where one parameter is marked, null where that is not known. */
    static @Nullable Class<?> typeOfOne(RepositoryMethod method) {
        List<Marked> marked = marked(method);
        if (marked.size() != 1) {
            return null;
        }
        Marked one = marked.get(0);
        if (!one.path.isEmpty()) {
            return Properties.path(one.type, one.path).type();
        }
        if (!isMany(one.type)) {
            return MethodType.methodType(one.type).wrap().returnType();
        }
        Type element = method.types().argument(method.method().getGenericParameterTypes()[one.index], 0);
        return element == null ? null : method.types().rawClass(element);
    }

    private static void requireEquality(Class<?> key) {
        RepositoryMethod.require(
                !key.isArray(),
                "has an array for a key, which is equal to no other: take a collection for many keys, or a record for one");
    }

    /** Whether this stands for each of its elements. */
    static boolean isMany(Class<?> type) {
        return Iterable.class.isAssignableFrom(type) && !Path.class.isAssignableFrom(type);
    }

    /** The parameters that are marked. */
    static List<Marked> marked(RepositoryMethod method) {
        List<Marked> marked = new ArrayList<>();
        Parameter[] parameters = method.method().getParameters();
        for (int i = 0; i < parameters.length; i++) {
            CacheKey key = parameters[i].getAnnotation(CacheKey.class);
            if (key != null) {
                marked.add(new Marked(i, key.value(), method.parameterType(i)));
            }
        }
        return marked;
    }

    /**
     * The key as the annotations say.
     *
     * @throws Mistake if they do not, or contradict each other
     */
    static KeyOf of(RepositoryMethod method, Class<? extends KeyFunction> function) {
        List<Marked> marked = marked(method);
        if (function != KeyFunction.None.class) {
            if (!marked.isEmpty()) {
                throw new Mistake("has both a keyFunction and @CacheKey: which one is it?");
            }
            KeyFunction made = RepositoryMethod.instance(function);
            return made::key;
        }
        if (marked.isEmpty()) {
            throw new Mistake("has no key: mark a parameter with @CacheKey, or give a keyFunction");
        }
        if (marked.size() == 1) {
            return marked.get(0).key();
        }
        List<KeyOf> parts = marked.stream().map(Marked::key).toList();
        return arguments -> {
            List<Object> values = new ArrayList<>(parts.size());
            for (KeyOf part : parts) {
                Object value = part.key(arguments);
                if (value == null) {
                    return null;
                }
                values.add(value);
            }
            return new CompositeKey(values);
        };
    }
}
