package dev.terrace.cache.benchmarks;

import com.github.benmanes.caffeine.cache.Caffeine;
import dev.terrace.cache.Cache;
import dev.terrace.cache.Caches;
import dev.terrace.cache.Near;
import dev.terrace.cache.annotation.CacheKey;
import dev.terrace.cache.annotation.Cached;
import dev.terrace.cache.proxy.CachedRepository;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.springframework.cache.CacheManager;
import org.springframework.cache.annotation.Cacheable;
import org.springframework.cache.annotation.EnableCaching;
import org.springframework.cache.caffeine.CaffeineCacheManager;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** A call of a repository for a row that is near: a wrapper by hand, one by annotations, and Spring's. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class AnnotatedHit {

    private static final int ENTRIES = 1 << 10;
    private static final Duration LIFE = Duration.ofHours(1);

    /** What an application declares. */
    interface Products {
        /** Reads a row. */
        @Cached("products")
        @Cacheable("products")
        Product findById(@CacheKey long id);
    }

    /** The source. */
    static class Rows implements Products {
        @Override
        @Cacheable("products")
        public Product findById(long id) {
            return Product.small(id);
        }
    }

    /** What an application writes without annotations. */
    private static final class ByHand implements Products {

        private final Cache<Long, Product> cache;

        ByHand(Cache<Long, Product> cache) {
            this.cache = cache;
        }

        @Override
        public Product findById(long id) {
            return cache.get(id);
        }
    }

    /** Asks for one row after the other. */
    @State(Scope.Thread)
    public static class Cursor {
        private long next;

        long id() {
            return next++ & (ENTRIES - 1);
        }
    }

    /** The wrapper by hand. */
    @State(Scope.Benchmark)
    public static class HandWritten {
        Cache<Long, Product> cache;
        Products products;

        @Setup
        public void fill() {
            cache = Cache.<Long, Product>builder("products")
                    .near(Near.maximumSize(2 * ENTRIES))
                    .freshFor(LIFE)
                    .loader(new Rows()::findById)
                    .build();
            products = new ByHand(cache);
            readAll(products);
        }

        @TearDown
        public void close() {
            cache.close();
        }
    }

    /** The wrapper by annotations. */
    @State(Scope.Benchmark)
    public static class Annotated {
        Caches caches;
        Products products;

        @Setup
        public void fill() {
            caches = Caches.builder().build();
            caches.<Long, Product>cache("products")
                    .near(Near.maximumSize(2 * ENTRIES))
                    .freshFor(LIFE)
                    .build();
            products = CachedRepository.wrap(Products.class, new Rows(), caches);
            readAll(products);
        }

        @TearDown
        public void close() {
            caches.close();
        }
    }

    /** Spring's, over Caffeine. */
    @State(Scope.Benchmark)
    public static class Spring {
        AnnotationConfigApplicationContext context;
        Products products;

        @Setup
        public void fill() {
            context = new AnnotationConfigApplicationContext(Beans.class);
            products = context.getBean(Products.class);
            readAll(products);
        }

        @TearDown
        public void close() {
            context.close();
        }
    }

    /** What Spring is told. */
    @Configuration
    @EnableCaching
    public static class Beans {
        /** The source, wrapped by Spring. */
        @Bean
        Products products() {
            return new Rows();
        }

        /** Where Spring caches. */
        @Bean
        public CacheManager cacheManager() {
            CaffeineCacheManager manager = new CaffeineCacheManager("products");
            manager.setCaffeine(Caffeine.newBuilder().maximumSize(2 * ENTRIES).expireAfterWrite(LIFE));
            return manager;
        }
    }

    private static void readAll(Products products) {
        for (long id = 0; id < ENTRIES; id++) {
            products.findById(id);
        }
    }

    @Benchmark
    public Product handWritten(HandWritten state, Cursor cursor) {
        return state.products.findById(cursor.id());
    }

    @Benchmark
    public Product annotated(Annotated state, Cursor cursor) {
        return state.products.findById(cursor.id());
    }

    @Benchmark
    public Product cacheable(Spring state, Cursor cursor) {
        return state.products.findById(cursor.id());
    }
}
