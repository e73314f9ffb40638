package dev.terrace.cache.examples.storefront;

import java.util.List;
import java.util.stream.LongStream;

/**
 * A page that lists many products, some of which the cache has.
 *
 * @param products how many were asked for
 * @param cached how many of them had been read before
 * @param found how many were answered
 * @param queries database queries that it took
 */
record ListingPage(int products, int cached, int found, long queries) {

    private static final int PRODUCTS = 50;
    private static final int CACHED = 25;

    static ListingPage show(Shop shop, Database database) {
        CachedProducts node = shop.nodeFor(0);
        List<Long> ids = LongStream.rangeClosed(1, PRODUCTS).boxed().toList();
        node.cache().invalidateAll(ids);
        ids.stream().limit(CACHED).forEach(node::findById);
        long before = database.queries();
        int found = node.findAllById(ids).size();
        return new ListingPage(PRODUCTS, CACHED, found, database.queries() - before);
    }
}
