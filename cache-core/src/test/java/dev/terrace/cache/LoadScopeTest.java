package dev.terrace.cache;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

final class LoadScopeTest {

    private final Object cache = new Object();

    @Test
    void aThreadKnowsWhatItIsLoading() {
        assertThat(LoadScope.isLoadThread()).isFalse();
        LoadScope.enter(cache, Set.of(1, 2));
        try {
            assertThat(LoadScope.isLoadThread()).isTrue();
            assertThat(LoadScope.isLoading(cache, 1)).isTrue();
            assertThat(LoadScope.isLoading(cache, 3)).isFalse();
            assertThat(LoadScope.isLoading(new Object(), 1)).isFalse();
        } finally {
            LoadScope.exit();
        }
        assertThat(LoadScope.isLoading(cache, 1)).isFalse();
        assertThat(LoadScope.isLoadThread()).isFalse();
    }

    @Test
    void aLoadWithinALoadEndsWithoutEndingTheOuterOne() {
        LoadScope.enter(cache, Set.of(1));
        LoadScope.enter(cache, Set.of(2));
        LoadScope.exit();

        assertThat(LoadScope.isLoading(cache, 1)).isTrue();
        assertThat(LoadScope.isLoading(cache, 2)).isFalse();
        LoadScope.exit();
        assertThat(LoadScope.isLoadThread()).isFalse();
    }

    @Test
    void aLoadOfManyKeysTakesAFewComparisonsForEach() {
        AtomicInteger comparisons = new AtomicInteger();
        int many = 10_000;
        Set<Key> keys = IntStream.range(0, many)
                .mapToObj(number -> new Key(number, comparisons))
                .collect(Collectors.toSet());

        LoadScope.enter(cache, keys);
        boolean all = keys.stream().allMatch(key -> LoadScope.isLoading(cache, key));
        LoadScope.exit();

        assertThat(all).isTrue();
        assertThat(comparisons).hasValueLessThan(3 * many);
    }

    private record Key(int number, AtomicInteger comparisons) {
        @Override
        public boolean equals(Object other) {
            comparisons.incrementAndGet();
            return other instanceof Key key && key.number == number;
        }

        @Override
        public int hashCode() {
            return number;
        }
    }
}
