package dev.terrace.cache.proxy;

import dev.terrace.cache.Caches;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Arrays;
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
        private volatile Table table = new Table(new Method[0], new Invocation[0]);

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

    /**
     * Finds by identity, in the order of first calls: comparing the few methods of an interface takes less than any hash code.
     * Immutable.
     */
    private static final class Table {

        private final Method[] methods;
        private final Invocation[] its;

        Table(Method[] methods, Invocation[] its) {
            this.methods = methods;
            this.its = its;
        }

        @Nullable
        Invocation find(Method method) {
            for (int i = 0; i < methods.length; i++) {
                if (methods[i] == method) {
                    return its[i];
                }
            }
            return null;
        }

        /** A thread that adds another at the same moment may undo this; then it is added again by the next call. */
        Table with(Method method, Invocation invocation) {
            Method[] more = Arrays.copyOf(methods, methods.length + 1);
            Invocation[] theirs = Arrays.copyOf(its, more.length);
            more[methods.length] = method;
            theirs[methods.length] = invocation;
            return new Table(more, theirs);
        }
    }
}
