package dev.terrace.cache.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

final class FigureTest {

    @Test
    void aMultipleAboveItsBarIsOver() {
        assertThat(figure(Figure.Unit.MULTIPLE, 1.11, 1.1).verdict()).isEqualTo("over");
        assertThat(figure(Figure.Unit.MULTIPLE, 1.1, 1.1).verdict()).isEqualTo("ok");
    }

    @Test
    void whatBackgroundThreadsAllocateDuringABillionReadsIsNotHeldAgainstOne() {
        assertThat(figure(Figure.Unit.BYTES, 0.001, 0.0).verdict()).isEqualTo("ok");
        assertThat(figure(Figure.Unit.BYTES, 16, 0.0).verdict()).isEqualTo("over");
    }

    @Test
    void aFigureWithoutABarHasNoVerdict() {
        assertThat(figure(Figure.Unit.MULTIPLE, 3, null).verdict()).isEmpty();
    }

    private static Figure figure(Figure.Unit unit, double value, @Nullable Double bar) {
        return new Figure("a read", "1 ns", "1 ns", new Figure.Value(Spread.of(value), unit), bar);
    }
}
