package dev.terrace.cache.codec;

import java.io.ObjectStreamClass;
import java.io.ObjectStreamField;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Which classes Java serialization may write and read. */
record AllowList(Map<String, Class<?>> classes, Set<String> packages) {

    private static final Set<String> HARMLESS = Set.of(
            "java.lang.Object",
            "java.lang.String",
            "java.lang.Enum",
            "java.lang.Number",
            "java.lang.Byte",
            "java.lang.Short",
            "java.lang.Integer",
            "java.lang.Long",
            "java.lang.Float",
            "java.lang.Double",
            "java.lang.Boolean",
            "java.lang.Character",
            // Hash maps announce the size of their table as an array of these.
            "java.util.Map$Entry");

    static final AllowList NOTHING = new AllowList(Map.of(), Set.of());

    AllowList plus(Collection<Class<?>> more) {
        Map<String, Class<?>> all = new HashMap<>(classes);
        for (Class<?> named : more) {
            Objects.requireNonNull(named, "allow");
            for (Class<?> type = element(named); type != null; type = type.getSuperclass()) {
                all.put(type.getName(), type);
            }
        }
        return new AllowList(all, packages);
    }

    AllowList plusPackages(Collection<String> more) {
        Set<String> all = new HashSet<>(packages);
        for (String name : more) {
            Objects.requireNonNull(name, "allowPackages");
            if (name.isBlank() || name.endsWith("*") || name.endsWith(".")) {
                throw new IllegalArgumentException("allowPackages: the name of one package, not \"" + name + "\"");
            }
            all.add(name);
        }
        return new AllowList(classes, all);
    }

    boolean allows(String className) {
        return HARMLESS.contains(className)
                || classes.containsKey(className)
                || packages.contains(className.substring(0, Math.max(0, className.lastIndexOf('.'))));
    }

    boolean allows(Class<?> type) {
        Class<?> element = element(type);
        return element.isPrimitive() || allows(element.getName());
    }

    /** The loader of the first class that the application brought, in a stable order. */
    @Nullable
    ClassLoader loader(Class<?> first) {
        ClassLoader loader = first.getClassLoader();
        for (Class<?> type : new TreeMap<>(classes).values()) {
            loader = loader == null ? type.getClassLoader() : loader;
        }
        return loader;
    }

    /** The shape of the application's classes, as text that is the same in every process. */
    String describe() {
        Map<String, String> shapes = new TreeMap<>();
        Deque<Class<?>> left = new ArrayDeque<>(classes.values());
        while (!left.isEmpty()) {
            Class<?> type = element(left.remove());
            ObjectStreamClass shape = ObjectStreamClass.lookup(type);
            if (shape == null || type.isInterface() || isOfThePlatform(type) || shapes.containsKey(type.getName())) {
                continue;
            }
            StringBuilder text = new StringBuilder().append(shape.getSerialVersionUID());
            for (ObjectStreamField field : shape.getFields()) {
                text.append(' ').append(field.getName()).append(':');
                text.append(field.getType().getName());
                left.add(field.getType());
            }
            shapes.put(type.getName(), text.toString());
            if (type.getSuperclass() != null) {
                left.add(type.getSuperclass());
            }
        }
        return shapes.toString();
    }

    private static boolean isOfThePlatform(Class<?> type) {
        ClassLoader loader = type.getClassLoader();
        return loader == null || loader.equals(ClassLoader.getPlatformClassLoader());
    }

    private static Class<?> element(Class<?> type) {
        Class<?> element = type;
        for (Class<?> inner = type; inner != null; inner = inner.getComponentType()) {
            element = inner;
        }
        return element;
    }
}
