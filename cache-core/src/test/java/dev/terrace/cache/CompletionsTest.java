package dev.terrace.cache;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class CompletionsTest {

    private static final int MANY = 20_000;

    @Test
    void ofNoneAllHaveEnded() {
        assertThat(Completions.allEnded(List.of())).isCompleted();
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void allHaveEndedWithTheLastInWhateverOrderTheyEnd(long seed) {
        List<CompletableFuture<Integer>> futures = futures(50);
        List<CompletableFuture<Integer>> order = new ArrayList<>(futures);
        Collections.shuffle(order, new Random(seed));
        CompletableFuture<Void> all = Completions.allEnded(futures);

        for (CompletableFuture<Integer> next : order) {
            assertThat(all).isNotDone();
            next.complete(1);
        }

        assertThat(all).isCompleted();
    }

    @Test
    void aFailureIsAnEndToo() {
        List<CompletableFuture<Integer>> futures = futures(2);
        CompletableFuture<Void> all = Completions.allEnded(futures);

        futures.get(1).completeExceptionally(new IllegalStateException());
        assertThat(all).isNotDone();
        futures.get(0).complete(1);

        assertThat(all).isCompleted();
    }

    @Test
    void veryManyThatEndFromTheLastToTheFirstNeedNoDeepStack() {
        List<CompletableFuture<Integer>> futures = futures(MANY);
        CompletableFuture<Void> all = Completions.allEnded(futures);

        for (int i = MANY - 1; i >= 0; i--) {
            futures.get(i).complete(i);
        }

        assertThat(all).isCompleted();
    }

    private static List<CompletableFuture<Integer>> futures(int count) {
        List<CompletableFuture<Integer>> futures = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            futures.add(new CompletableFuture<>());
        }
        return futures;
    }
}
