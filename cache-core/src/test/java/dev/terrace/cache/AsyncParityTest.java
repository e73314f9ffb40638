package dev.terrace.cache;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Type;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The two views of a cache have the same operations. */
final class AsyncParityTest {

    /** What never waits, or is of the cache as a whole. */
    private static final Set<String> ON_THE_CACHE_ALONE = Set.of("name", "stats", "async", "changes", "close");

    /** For write-behind, where nobody waits. */
    private static final Set<String> IN_FUTURES_ALONE = Set.of("putAhead", "settle");

    private static final Map<Type, String> BOXED =
            Map.of(void.class, "java.lang.Void", boolean.class, "java.lang.Boolean");

    @Test
    void everyOperationHasATwinWhoseFutureHasItsType() {
        Map<String, String> expected = operations(Cache.class)
                .collect(Collectors.toMap(
                        AsyncParityTest::signature,
                        method ->
                                CompletableFuture.class.getName() + "<" + boxed(method.getGenericReturnType()) + ">"));
        Map<String, String> actual = operations(AsyncCache.class)
                .collect(Collectors.toMap(
                        AsyncParityTest::signature,
                        method -> method.getGenericReturnType().getTypeName()));
        assertThat(new TreeMap<>(actual)).isEqualTo(new TreeMap<>(expected)).hasSizeGreaterThan(15);
    }

    private static Stream<Method> operations(Class<?> view) {
        return Arrays.stream(view.getDeclaredMethods())
                .filter(method -> !Modifier.isStatic(method.getModifiers()) && !method.isSynthetic())
                .filter(method -> !ON_THE_CACHE_ALONE.contains(method.getName()))
                .filter(method -> !IN_FUTURES_ALONE.contains(method.getName()));
    }

    private static String signature(Method method) {
        return method.getName() + Arrays.toString(method.getGenericParameterTypes());
    }

    private static String boxed(Type type) {
        return BOXED.getOrDefault(type, type.getTypeName());
    }
}
