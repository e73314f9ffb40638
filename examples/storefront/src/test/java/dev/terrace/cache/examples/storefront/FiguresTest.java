package dev.terrace.cache.examples.storefront;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

final class FiguresTest {

    @Test
    void aTimeHasTheUnitThatSuitsIt() {
        assertThat(Figures.time(250)).isEqualTo("250 ns");
        assertThat(Figures.time(1_000)).isEqualTo("1 µs");
        assertThat(Figures.time(12_340)).isEqualTo("12.3 µs");
        assertThat(Figures.time(1_234_000)).isEqualTo("1.23 ms");
        assertThat(Figures.time(Duration.ofSeconds(2))).isEqualTo("2 s");
        assertThat(Figures.time(Duration.ofMillis(12_345))).isEqualTo("12.3 s");
    }

    @Test
    void aShareIsNeverRoundedToAllOrNothing() {
        assertThat(Figures.percent(1)).isEqualTo("100.0 %");
        assertThat(Figures.percent(0.99999)).isEqualTo("99.9 %");
        assertThat(Figures.percent(0.5)).isEqualTo("50.0 %");
        assertThat(Figures.percent(0.00001)).isEqualTo("0.1 %");
        assertThat(Figures.percent(0)).isEqualTo("0.0 %");
    }

    @Test
    void anAxisHasRoundTicksUpToItsEnd() {
        assertThat(Axis.upTo("n", 4_700).ticks())
                .extracting(Axis.Tick::text)
                .containsExactly("0", "1,000", "2,000", "3,000", "4,000", "5,000");
        assertThat(Axis.exactlyUpTo("s", 2.6).to()).isEqualTo(2.6);
        assertThat(Axis.nines("p", 4).ticks())
                .extracting(Axis.Tick::text)
                .containsExactly("0 %", "50 %", "90 %", "99 %", "99.9 %", "99.99 %");
        assertThat(Axis.powersOfTen("t", 300, 2_500_000).ticks())
                .extracting(Axis.Tick::text)
                .containsExactly("100 ns", "1 µs", "10 µs", "100 µs", "1 ms", "10 ms");
    }
}
