package dev.terrace.cache.examples.storefront;

import java.util.Arrays;
import java.util.Locale;
import java.util.SplittableRandom;

/**
 * Traffic as shops have it: the product of rank r is asked for in proportion to 1/r^s. Always the same stream; which product
 * has which rank is shuffled.
 */
final class Zipf {

    private static final long SEED = 7;
    private static final double EXPONENT = 0.99;
    private static final int REQUESTS = 1 << 22;

    private final SplittableRandom random = new SplittableRandom(SEED);
    private final int products;

    private Zipf(int products) {
        this.products = products;
    }

    /** A stream that begins anew after four million requests. */
    static Traffic traffic(int products) {
        String description = String.format(Locale.ROOT, "Zipf(%.2f) over %,d products, fixed seed", EXPONENT, products);
        return Traffic.endless(description, new Zipf(products).requests(), products);
    }

    private int[] requests() {
        double[] upTo = cumulativeShares();
        int[] productOfRank = shuffledIds();
        int[] requests = new int[REQUESTS];
        for (int i = 0; i < REQUESTS; i++) {
            int found = Arrays.binarySearch(upTo, random.nextDouble() * upTo[products - 1]);
            requests[i] = productOfRank[found >= 0 ? found : -found - 1];
        }
        return requests;
    }

    private double[] cumulativeShares() {
        double[] upTo = new double[products];
        double sum = 0;
        for (int rank = 1; rank <= products; rank++) {
            sum += Math.pow(rank, -EXPONENT);
            upTo[rank - 1] = sum;
        }
        return upTo;
    }

    private int[] shuffledIds() {
        int[] ids = new int[products];
        for (int i = 0; i < products; i++) {
            int j = random.nextInt(i + 1);
            ids[i] = ids[j];
            ids[j] = i + 1;
        }
        return ids;
    }
}
