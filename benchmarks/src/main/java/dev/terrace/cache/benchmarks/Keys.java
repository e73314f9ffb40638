package dev.terrace.cache.benchmarks;

import java.util.Random;
import java.util.stream.LongStream;

/** Keys made before anything is measured. */
final class Keys {

    private static final long SEED = 42;

    private Keys() {}

    /** The numbers from {@code first} on, in an order that nothing was inserted in. */
    static Long[] shuffled(long first, int count) {
        Long[] keys = inOrder(first, count);
        Random random = new Random(SEED);
        for (int i = count - 1; i > 0; i--) {
            int j = random.nextInt(i + 1);
            Long key = keys[i];
            keys[i] = keys[j];
            keys[j] = key;
        }
        return keys;
    }

    static Long[] inOrder(long first, int count) {
        return LongStream.range(first, first + count).boxed().toArray(Long[]::new);
    }
}
