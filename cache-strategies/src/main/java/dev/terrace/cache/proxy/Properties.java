package dev.terrace.cache.proxy;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Resolves paths of properties to method handles. */
final class Properties {

    private static final MethodType GETTER = MethodType.methodType(Object.class, Object.class);

    private Properties() {}

    /** Reads a property of an object, or of a property of it. */
    record Path(MethodHandle getter, Class<?> type) {

        @Nullable
        Object of(@Nullable Object start) {
            try {
                return (Object) getter.invokeExact(start);
            } catch (RuntimeException | Error unchecked) {
                throw unchecked;
            } catch (Throwable checked) {
                throw new IllegalStateException("a property could not be read", checked);
            }
        }
    }

    /**
     * The way along a path; null in the middle of it gives null.
     *
     * @throws Mistake if there is no such property
     */
    static Path path(Class<?> type, String path) {
        MethodHandle whole = null;
        Class<?> at = type;
        for (String name : path.split("\\.", -1)) {
            Method accessor = accessor(at, name);
            MethodHandle step = handle(accessor).asType(GETTER);
            whole = whole == null ? nullSafe(step) : MethodHandles.filterReturnValue(whole, nullSafe(step));
            at = MethodType.methodType(accessor.getReturnType()).wrap().returnType();
        }
        if (whole == null) {
            throw new Mistake("an empty path");
        }
        return new Path(whole, at);
    }

    private static MethodHandle nullSafe(MethodHandle step) {
        return MethodHandles.guardWithTest(IS_NULL, MethodHandles.identity(Object.class), step);
    }

    private static Method accessor(Class<?> type, String name) {
        String capitalised = name.isEmpty() ? "" : name.substring(0, 1).toUpperCase(Locale.ROOT) + name.substring(1);
        for (String candidate : new String[] {name, "get" + capitalised, "is" + capitalised}) {
            Method found = find(type, candidate);
            if (found != null) {
                return found;
            }
        }
        throw new Mistake(type.getName() + " has no property \"" + name + "\": no public method " + name + "(), get"
                + capitalised + "() or is" + capitalised + "()");
    }

    private static @Nullable Method find(Class<?> type, String name) {
        try {
            Method method = type.getMethod(name);
            return method.getReturnType() == void.class || Modifier.isStatic(method.getModifiers()) ? null : method;
        } catch (NoSuchMethodException none) {
            return null;
        }
    }

    /** @throws Mistake if the method may not be called from here */
    static MethodHandle handle(Method method) {
        try {
            return MethodHandles.publicLookup().unreflect(method);
        } catch (IllegalAccessException notPublic) {
            try {
                return MethodHandles.privateLookupIn(method.getDeclaringClass(), MethodHandles.lookup())
                        .unreflect(method);
            } catch (IllegalAccessException closed) {
                throw new Mistake(
                        method.getDeclaringClass().getName() + " may not be used from here: make it public, or"
                                + " open its package to dev.terrace.cache.strategies");
            }
        }
    }

    private static final MethodHandle IS_NULL = isNull();

    private static MethodHandle isNull() {
        try {
            return MethodHandles.lookup()
                    .findStatic(java.util.Objects.class, "isNull", MethodType.methodType(boolean.class, Object.class));
        } catch (ReflectiveOperationException e) {
            throw new LinkageError("every Java platform has Objects.isNull", e);
        }
    }
}
