package dev.terrace.cache;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrace.cache.spi.FarStore.MarkerReading;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class MarkersTest {

    private static final long TRUST = 1_000;

    private final Markers markers = new Markers(false, 100, TRUST);

    private void told(long askedAt, Map<String, Long> values) {
        markers.absorb(
                new Markers.Question(List.of("t", MarkerReading.ALL), List.of(Watch.NONE, Watch.NONE), askedAt),
                new MarkerReading(values, 20));
    }

    @Test
    void anAnswerFromBeforeAnotherThatCameEarlierTakesNothingBack() {
        told(5, Map.of("t", 10L, MarkerReading.ALL, 9L));

        told(3, Map.of("t", 7L, MarkerReading.ALL, 6L));

        assertThat(markers.highest(List.of("t"))).isEqualTo(Markers.ofFar(10));
        assertThat(markers.all()).isEqualTo(Markers.ofFar(9));
        assertThat(markers.trustedUntil(List.of("t"))).isEqualTo(5 + TRUST);
    }

    @Test
    void aMarkerThatWasMissingLaterIsMissing() {
        told(5, Map.of("t", 10L, MarkerReading.ALL, 9L));

        told(3, Map.of());
        assertThat(markers.missing(List.of("t"))).isEmpty();

        told(7, Map.of());
        assertThat(markers.missing(List.of("t"))).containsExactly(MarkerReading.ALL, "t");
    }

    @Test
    void aNumberOfThisNodeIsAboveAllThatIsKnownAndBelowTheNextOfTheFarTier() {
        told(5, Map.of("t", 10L, MarkerReading.ALL, 9L));

        markers.raiseHere("t");

        assertThat(markers.highest(List.of("t")))
                .isGreaterThan(Markers.ofFar(20))
                .isLessThan(Markers.ofFar(21));
        assertThat(Markers.toFar(markers.highest(List.of("t")))).isEqualTo(20);
    }
}
