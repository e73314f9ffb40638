package dev.terrace.cache.examples.storefront;

import dev.terrace.cache.Cache;
import dev.terrace.cache.CacheBuilder;
import dev.terrace.cache.Near;
import dev.terrace.cache.codec.json.JsonCodec;
import dev.terrace.cache.spi.FarTier;
import java.time.Duration;
import java.util.Collection;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The products of another repository, through a cache, as one node of the shop has them. This class is all that using the
 * library takes.
 */
final class CachedProducts implements ProductRepository, AutoCloseable {

    private final ProductRepository source;
    private final Cache<Long, Product> cache;

    private CachedProducts(ProductRepository source, Cache<Long, Product> cache) {
        this.source = source;
        this.cache = cache;
    }

    /**
     * Puts a cache in front of a repository.
     *
     * @param shared the tier that this node shares with others, or null if it is alone
     */
    static CachedProducts inFrontOf(ProductRepository source, Settings settings, @Nullable FarTier shared) {
        CacheBuilder<Long, Product> cache = Cache.<Long, Product>builder(settings.name())
                .near(Near.maximumSize(settings.nearSize()))
                .freshFor(settings.freshFor())
                .staleFor(Duration.ofHours(1))
                .loader(source::findById)
                .bulkLoader(source::findAllById);
        if (shared != null) {
            cache.far(shared, JsonCodec.of(Product.class)).maxStaleness(settings.maxStaleness());
        }
        return new CachedProducts(source, cache.build());
    }

    @Override
    public Product findById(long id) {
        return cache.get(id);
    }

    @Override
    public Map<Long, Product> findAllById(Collection<Long> ids) {
        return cache.getAll(ids);
    }

    /** First the database, then the cache: from then on this node never gives out what was there before. */
    @Override
    public void update(Product product) {
        source.update(product);
        cache.invalidate(product.id());
    }

    /** The cache itself, for those who look behind the scenes. */
    Cache<Long, Product> cache() {
        return cache;
    }

    @Override
    public void close() {
        cache.close();
    }

    /**
     * What differs between the caches of this demo.
     *
     * @param name names the cache in metrics and in the shared tier
     * @param nearSize how many products a node keeps in its memory
     * @param freshFor how long a product is served before it is loaded anew
     * @param maxStaleness after how long a change is seen by a node that did not make it, whatever happens
     */
    record Settings(String name, int nearSize, Duration freshFor, Duration maxStaleness) {}
}
