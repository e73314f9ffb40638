package dev.terrace.cache.examples.storefront;

/**
 * What a product page shows.
 *
 * @param priceInCents the price, in hundredths of the currency
 * @param inStock pieces in all warehouses
 * @param reviews how many customers have reviewed it
 * @param stars their mean rating, 0 without reviews
 * @param revision counts the changes of this product, from 1
 */
record Product(
        long id,
        String name,
        String brand,
        String description,
        long priceInCents,
        String currency,
        int inStock,
        int reviews,
        double stars,
        int revision) {

    /** This product at another price, as its next revision. */
    Product withPrice(long cents) {
        return new Product(id, name, brand, description, cents, currency, inStock, reviews, stars, revision + 1);
    }
}
