package dev.terrace.cache.spi;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrace.cache.spi.InvalidationBus.Notice;
import dev.terrace.cache.testkit.InvalidationBusContract;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

final class InProcessBusTest extends InvalidationBusContract {

    private final InvalidationBus bus = InvalidationBus.inProcess();

    @Override
    protected InvalidationBus newNode() {
        return bus;
    }

    @Test
    void noticesOfManyChangesAreSmall() {
        List<String> many = IntStream.range(0, 1_201).mapToObj(i -> "k" + i).toList();
        List<Notice> notices = Notice.of(many, List.of("red"));
        assertThat(notices).hasSize(4);
        assertThat(notices).flatExtracting(Notice::keys).isEqualTo(many);
        assertThat(notices.get(3).markers()).containsExactly("red");
        assertThat(Notice.of(List.of(), List.of())).isEmpty();
    }
}
