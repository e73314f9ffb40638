package dev.terrace.cache.proxy;

import java.lang.reflect.GenericArrayType;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.lang.reflect.TypeVariable;
import java.lang.reflect.WildcardType;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What the type variables of an interface's super-interfaces stand for in it. */
final class TypeArguments {

    private final Map<TypeVariable<?>, Type> arguments = new HashMap<>();

    TypeArguments(Class<?> type) {
        collect(type);
    }

    private void collect(Class<?> type) {
        for (Type parent : type.getGenericInterfaces()) {
            if (parent instanceof ParameterizedType parameterized
                    && parameterized.getRawType() instanceof Class<?> raw) {
                TypeVariable<?>[] variables = raw.getTypeParameters();
                for (int i = 0; i < variables.length; i++) {
                    arguments.put(variables[i], parameterized.getActualTypeArguments()[i]);
                }
                collect(raw);
            } else if (parent instanceof Class<?> raw) {
                collect(raw);
            }
        }
    }

    /** The class of a type, as near as it is known. */
    Class<?> rawClass(Type type) {
        if (type instanceof Class<?> known) {
            return known;
        }
        if (type instanceof ParameterizedType parameterized) {
            return rawClass(parameterized.getRawType());
        }
        if (type instanceof WildcardType wildcard) {
            return rawClass(wildcard.getUpperBounds()[0]);
        }
        if (type instanceof GenericArrayType array) {
            return rawClass(array.getGenericComponentType()).arrayType();
        }
        if (type instanceof TypeVariable<?> variable) {
            Type argument = arguments.get(variable);
            return rawClass(argument == null ? variable.getBounds()[0] : argument);
        }
        return Object.class;
    }

    /** A type argument of a parameterized type; null where it is raw. */
    @Nullable
    Type argument(Type type, int index) {
        if (type instanceof TypeVariable<?> variable && arguments.get(variable) != null) {
            return argument(arguments.get(variable), index);
        }
        return type instanceof ParameterizedType parameterized && parameterized.getActualTypeArguments().length > index
                ? parameterized.getActualTypeArguments()[index]
                : null;
    }
}
