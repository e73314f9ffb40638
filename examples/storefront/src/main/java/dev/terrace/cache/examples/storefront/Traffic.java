package dev.terrace.cache.examples.storefront;

/** Which products are asked for, in which order. Immutable. */
final class Traffic {

    private final String description;
    private final int[] ids;
    private final int products;
    private final long length;

    private Traffic(String description, int[] ids, int products, long length) {
        this.description = description;
        this.ids = ids;
        this.products = products;
        this.length = length;
    }

    /** These products once, in this order. */
    static Traffic once(String description, int[] ids, int products) {
        return new Traffic(description, ids, products, ids.length);
    }

    /** These products again and again. */
    static Traffic endless(String description, int[] ids, int products) {
        return new Traffic(description, ids, products, Long.MAX_VALUE);
    }

    /** The id of the product that this request, counted from 0, asks for. */
    long productAt(long request) {
        return ids[(int) (request % ids.length)];
    }

    /** How many requests there are; {@link Long#MAX_VALUE} if there is no end. */
    long length() {
        return length;
    }

    /** The ids are from 1 up to this. */
    int products() {
        return products;
    }

    @Override
    public String toString() {
        return description;
    }
}
