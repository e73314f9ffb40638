package dev.terrace.cache.examples.storefront;

import java.util.Collection;
import java.util.Map;

/** Where the shop finds its products. All methods block and throw {@link DatabaseException}. */
interface ProductRepository {

    /**
     * The product of this id.
     *
     * @throws NoSuchProductException if there is none
     */
    Product findById(long id);

    /** Those of the products that exist, by id. */
    Map<Long, Product> findAllById(Collection<Long> ids);

    /**
     * Stores a new revision of a product: name, description and price.
     *
     * @throws DatabaseException also if somebody else has changed it since it was read
     */
    void update(Product product);
}
