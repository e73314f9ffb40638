package dev.terrace.cache.benchmarks;

import java.util.List;
import java.util.stream.IntStream;

/** What the benchmarks cache. */
record Product(long id, String name, long priceInCents, int stock, List<Review> reviews) {

    record Review(String author, int stars, String text) {}

    private static final String SENTENCE = "Arrived on time, well packed, and does what it says; would buy it again. ";

    /** About 100 bytes of JSON. */
    static Product small(long id) {
        return new Product(id, "Garden chair, teak, folding, oiled", 12_995, 17, List.of());
    }

    /** About 10 kB of JSON, in 40 reviews. */
    static Product large(long id) {
        List<Review> reviews = IntStream.range(0, 40)
                .mapToObj(i -> new Review(
                        "customer-" + i, 1 + i % 5, SENTENCE.repeat(3).substring(0, 205)))
                .toList();
        return new Product(id, "Garden chair, teak, folding, oiled", 12_995, 17, reviews);
    }
}
