package dev.terrace.cache.examples.repository;

import dev.terrace.cache.annotation.CacheInvalidate;
import dev.terrace.cache.annotation.CacheKey;
import dev.terrace.cache.annotation.CachePut;
import dev.terrace.cache.annotation.Cached;
import java.sql.SQLException;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;

/** What the application asks for; annotations say what of it is cached. */
interface ProductRepository {

    @Cached(value = "products", negativeFor = "10s")
    Optional<Product> findById(@CacheKey long id) throws SQLException;

    /** Cached per element: the database is asked for the missing ones alone. */
    @Cached("products")
    Map<Long, Product> findAllById(@CacheKey Collection<Long> ids) throws SQLException;

    @Cached(value = "counts", freshFor = "1m", tags = "shop:{0}")
    int countByShop(@CacheKey String shop) throws SQLException;

    @CachePut("products")
    Product save(@CacheKey("id") Product product) throws SQLException;

    /** Changes the counts of two shops: by tags, since a count's key is not this method's. */
    @CacheInvalidate("products")
    @CacheInvalidate(
            value = "counts",
            tags = {"shop:{1}", "shop:{2}"})
    void move(@CacheKey long id, String from, String to) throws SQLException;

    @CacheInvalidate("products")
    void delete(@CacheKey long id) throws SQLException;
}
