package dev.terrace.cache.examples.storefront;

/** The catalogue has no product of this id. */
final class NoSuchProductException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    NoSuchProductException(long id) {
        super("There is no product " + id);
    }
}
