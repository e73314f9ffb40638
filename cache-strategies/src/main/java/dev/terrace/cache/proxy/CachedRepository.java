package dev.terrace.cache.proxy;

import dev.terrace.cache.Caches;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Wraps a repository so that its annotated methods go through caches.
 *
 * <pre>{@code
 * interface ProductRepository {
 *   @Cached("products")          Product findById(@CacheKey long id);
 *   @Cached("products")          Map<Long, Product> findAllById(@CacheKey Collection<Long> ids);
 *   @CachePut("products")        Product save(@CacheKey("id") Product product);
 *   @CacheInvalidate("products") void delete(@CacheKey long id);
 * }
 * ProductRepository repository = CachedRepository.wrap(ProductRepository.class, jdbcRepository, caches);
 * }</pre>
 *
 * <p>Methods without an annotation go to the delegate; default methods that it does not override run on the wrapper, so that
 * what they call is cached. What the delegate throws reaches the caller unchanged. The wrapper is equal to itself alone, and
 * as thread-safe as the delegate.
 */
public final class CachedRepository {

    private CachedRepository() {}

    /**
     * Wraps a repository.
     *
     * @param type the interface; where it is not public and exported, its package must be open to this module
     * @param delegate called to load and to write
     * @param caches where the caches that the annotations name are registered
     * @throws IllegalArgumentException if an annotation is wrong: every mistake in the interface is in the message, with the
     *     method that it is in
     */
    public static <T> T wrap(Class<T> type, T delegate, Caches caches) {
        Objects.requireNonNull(delegate, "delegate");
        Map<Method, Invocation> invocations = new RepositoryPlan<>(type, delegate, caches).invocations();
        Handler handler =
                new Handler("CachedRepository[" + type.getSimpleName() + " around " + delegate + "]", invocations);
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, handler));
    }

    private static final class Handler implements InvocationHandler {

        private static final @Nullable Object[] NONE = {};

        private final String name;
        private final Map<Method, Invocation> invocations;
        /** The invocations by the very objects with which the proxy class names its methods. */
        private volatile Table table = new Table(16);

        Handler(String name, Map<Method, Invocation> invocations) {
            this.name = name;
            this.invocations = new LinkedHashMap<>(invocations);
        }

        @Override
        public @Nullable Object invoke(Object proxy, Method method, @Nullable Object @Nullable [] arguments)
                throws Throwable {
            Invocation invocation = table.find(method);
            if (invocation == null) {
                invocation = invocations.get(method);
                if (invocation == null) {
                    return ofObject(proxy, method, arguments);
                }
                table = table.with(method, invocation);
            }
            return invocation.invoke(proxy, arguments == null ? NONE : arguments);
        }

        private Object ofObject(Object proxy, Method method, @Nullable Object @Nullable [] arguments) {
            return switch (method.getName()) {
                case "equals" -> arguments != null && proxy == arguments[0];
                case "hashCode" -> System.identityHashCode(proxy);
                default -> name;
            };
        }
    }

    /** Finds by identity, without computing a method's hash code or comparing its parameters. Immutable. */
    private static final class Table {

        private final @Nullable Method[] methods;
        private final @Nullable Invocation[] its;

        /** @param slots a power of two, more than there will be entries */
        Table(int slots) {
            methods = new Method[slots];
            its = new Invocation[slots];
        }

        @Nullable
        Invocation find(Method method) {
            int mask = methods.length - 1;
            int i = System.identityHashCode(method) & mask;
            Method known = methods[i];
            while (known != method) {
                if (known == null) {
                    return null;
                }
                i = (i + 1) & mask;
                known = methods[i];
            }
            return its[i];
        }

        Table with(Method method, Invocation invocation) {
            int used = 1;
            for (Method known : methods) {
                used += known == null ? 0 : 1;
            }
            Table bigger = new Table(Math.max(16, Integer.highestOneBit(used) * 4));
            for (int i = 0; i < methods.length; i++) {
                Method known = methods[i];
                Invocation its = this.its[i];
                if (known != null && its != null) {
                    bigger.set(known, its);
                }
            }
            bigger.set(method, invocation);
            return bigger;
        }

        private void set(Method method, Invocation invocation) {
            int mask = methods.length - 1;
            int i = System.identityHashCode(method) & mask;
            while (methods[i] != null && methods[i] != method) {
                i = (i + 1) & mask;
            }
            methods[i] = method;
            its[i] = invocation;
        }
    }
}
