package dev.terrace.cache.codec;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.RecordComponent;
import java.math.BigInteger;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** {@link KeyCodec#standard()}. */
final class StandardKeys implements KeyCodec<Object> {

    private static final String ADVICE = "give the cache a codec for its keys by CacheBuilder.keyCodec(...)";
    private static final String NULL = "\\N";

    private static final Set<Class<?>> NEEDS_NO_ESCAPE = Set.of(
            byte.class,
            short.class,
            int.class,
            long.class,
            boolean.class,
            Byte.class,
            Short.class,
            Integer.class,
            Long.class,
            Boolean.class,
            BigInteger.class,
            UUID.class);
    private static final Set<Class<?>> MAY_NEED_ESCAPE = Set.of(char.class, Character.class, String.class);

    private static final ClassValue<Text> TEXTS = new ClassValue<>() {
        @Override
        protected Text computeValue(Class<?> type) {
            return text(type, new ArrayDeque<>());
        }
    };

    private final AtomicReference<@Nullable Class<?>> keyClass = new AtomicReference<>();

    @Override
    public String encode(Object key) {
        Class<?> type = key instanceof Enum<?> constant ? constant.getDeclaringClass() : key.getClass();
        Text text = TEXTS.get(type);
        Class<?> first = keyClass.get();
        if (first == null) {
            first = keyClass.compareAndExchange(null, type);
        }
        if (first != null && first != type) {
            throw new IllegalArgumentException("keys of this cache are " + first.getName() + ", this one is "
                    + type.getName() + "; both may have the same text: " + ADVICE);
        }
        return text.of(key);
    }

    /** How keys of one class, or components of one type, are written. */
    private interface Text {
        /** The text of a whole key. */
        String of(Object key);

        /** Appends the text of a component. */
        void append(Object component, StringBuilder to);
    }

    private static Text text(Class<?> type, Deque<Class<?>> outer) {
        if (NEEDS_NO_ESCAPE.contains(type)) {
            return new Plain();
        }
        if (MAY_NEED_ESCAPE.contains(type)) {
            return new Escaped();
        }
        if (type.isEnum()) {
            return new Constant();
        }
        if (!type.isRecord()) {
            throw new IllegalArgumentException(
                    type.getName() + " has no standard text" + within(outer) + ": " + ADVICE);
        }
        if (outer.contains(type)) {
            throw new IllegalArgumentException(type.getName() + " contains itself" + within(outer) + ": " + ADVICE);
        }
        outer.push(type);
        List<Component> components = new ArrayList<>();
        for (RecordComponent component : type.getRecordComponents()) {
            components.add(new Component(accessor(component), text(component.getType(), outer)));
        }
        outer.pop();
        return new Fields(List.copyOf(components));
    }

    private static String within(Deque<Class<?>> outer) {
        return outer.isEmpty()
                ? ""
                : " and is a component of " + outer.getLast().getName();
    }

    private static Method accessor(RecordComponent component) {
        Method accessor = component.getAccessor();
        if (!accessor.trySetAccessible()) {
            throw new IllegalArgumentException(component.getDeclaringRecord().getName()
                    + " cannot be read: open its package to dev.terrace.cache, or " + ADVICE);
        }
        return accessor;
    }

    /** Text without anything to escape. */
    private record Plain() implements Text {
        @Override
        public String of(Object key) {
            return key.toString();
        }

        @Override
        public void append(Object component, StringBuilder to) {
            to.append(component);
        }
    }

    private record Constant() implements Text {
        @Override
        public String of(Object key) {
            return ((Enum<?>) key).name();
        }

        @Override
        public void append(Object component, StringBuilder to) {
            to.append(of(component));
        }
    }

    private record Escaped() implements Text {
        @Override
        public String of(Object key) {
            return key.toString();
        }

        @Override
        public void append(Object component, StringBuilder to) {
            String text = component.toString();
            for (int i = 0; i < text.length(); i++) {
                char c = text.charAt(i);
                if (c == ',' || c == '(' || c == ')' || c == '\\') {
                    to.append('\\');
                }
                to.append(c);
            }
        }
    }

    private record Fields(List<Component> components) implements Text {
        @Override
        public String of(Object key) {
            StringBuilder text = new StringBuilder();
            appendComponents(key, text);
            return text.toString();
        }

        @Override
        public void append(Object component, StringBuilder to) {
            to.append('(');
            appendComponents(component, to);
            to.append(')');
        }

        private void appendComponents(Object key, StringBuilder to) {
            for (int i = 0; i < components.size(); i++) {
                if (i > 0) {
                    to.append(',');
                }
                components.get(i).append(key, to);
            }
        }
    }

    private record Component(Method accessor, Text text) {
        void append(Object key, StringBuilder to) {
            Object value = value(key);
            if (value == null) {
                to.append(NULL);
            } else {
                text.append(value, to);
            }
        }

        private @Nullable Object value(Object key) {
            try {
                return accessor.invoke(key);
            } catch (IllegalAccessException e) {
                throw new AssertionError("was made accessible", e);
            } catch (InvocationTargetException e) {
                throw new IllegalStateException(
                        "the accessor " + accessor.getName() + " of a key failed", e.getCause());
            }
        }
    }
}
