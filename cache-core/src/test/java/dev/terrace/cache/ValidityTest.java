package dev.terrace.cache;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrace.cache.Validity.Verdict;
import dev.terrace.cache.spi.FarRecord;
import dev.terrace.cache.spi.FarStore.MarkerReading;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The one function that judges. An entry here is fresh until 100 ms, gone at 200 ms, trusted until 50 ms, of sequence 10. */
final class ValidityTest {

    private static final long SEQ = 10;
    private static final long MS = 1_000_000;
    private static final long EXTRA = 1_000;

    private final Markers markers = new Markers(false, 100, EXTRA * MS);
    private final AtomicBoolean cutOff = new AtomicBoolean();
    private final Validity validity = new Validity(markers, cutOff::get, EXTRA * MS, false);

    @BeforeEach
    void markersAreKnown() {
        told(Map.of(MarkerReading.ALL, 5L, "t", 7L), MarkerReading.ALL, "t");
    }

    private void told(Map<String, Long> values, String... asked) {
        markers.absorb(
                new Markers.Question(List.of(asked), Collections.nCopies(asked.length, Watch.NONE), 0),
                new MarkerReading(values, 7));
    }

    private static Entry<String> entry(long trustedUntil, String... tags) {
        return new Entry<>(
                "a",
                new Entry.Life(100 * MS, 200 * MS, trustedUntil == Long.MAX_VALUE ? trustedUntil : trustedUntil * MS),
                new Entry.Stamp(1, 2, Markers.ofFar(SEQ)),
                Entry.Extra.of(List.of(tags), null, FarRecord.NO_SOURCE_VERSION),
                0);
    }

    private Verdict judge(Entry<String> entry, long millis) {
        return validity.judge(entry, millis * MS);
    }

    private Verdict trusted(long now, String... tags) {
        return judge(entry(Long.MAX_VALUE, tags), now);
    }

    @Test
    void anEntryIsFreshThenStaleThenGone() {
        assertThat(trusted(99)).isEqualTo(Verdict.FRESH);
        assertThat(trusted(100)).isEqualTo(Verdict.STALE);
        assertThat(trusted(199)).isEqualTo(Verdict.STALE);
        assertThat(trusted(200)).isEqualTo(Verdict.GONE);
    }

    @Test
    void pastItsTrustAnEntryIsToBeComparedFirstWhateverItsAge() {
        assertThat(judge(entry(50), 49)).isEqualTo(Verdict.FRESH);
        assertThat(judge(entry(50), 50)).isEqualTo(Verdict.UNTRUSTED);
        assertThat(judge(entry(50), 150)).isEqualTo(Verdict.UNTRUSTED);
        assertThat(judge(entry(50), 200)).isEqualTo(Verdict.GONE);
        assertThat(validity.judgeConfirmed(entry(50), 60 * MS)).isEqualTo(Verdict.FRESH);
    }

    @Test
    void whoIsCutOffBelievesItLongerButNotForEver() {
        cutOff.set(true);
        Entry<String> entry = new Entry<>(
                "a",
                new Entry.Life(5_000 * MS, 9_000 * MS, 50 * MS),
                new Entry.Stamp(1, 2, Markers.ofFar(SEQ)),
                Entry.Extra.NONE,
                0);

        assertThat(judge(entry, 49 + EXTRA)).isEqualTo(Verdict.FRESH);
        assertThat(validity.isServedCutOff(entry, 49 * MS)).isFalse();
        assertThat(validity.isServedCutOff(entry, 50 * MS)).isTrue();
        assertThat(judge(entry, 50 + EXTRA)).isEqualTo(Verdict.UNTRUSTED);
        assertThat(new Validity(markers, () -> true, 0, false).judge(entry, 50 * MS))
                .isEqualTo(Verdict.UNTRUSTED);
    }

    @Test
    void whoIsCutOffKeepsToAgeAndMarkersAllTheSame() {
        cutOff.set(true);

        assertThat(judge(entry(50), 150)).isEqualTo(Verdict.STALE);
        assertThat(judge(entry(50), 200)).isEqualTo(Verdict.GONE);
        told(Map.of("t", 11L), "t");
        assertThat(judge(entry(50, "t"), 60)).isEqualTo(Verdict.GONE);
    }

    @Test
    void aMarkerAboveTheSequenceOfAnEntryEndsIt() {
        told(Map.of("t", SEQ), "t");
        assertThat(trusted(0, "t")).isEqualTo(Verdict.FRESH);
        told(Map.of("t", SEQ + 1), "t");
        assertThat(trusted(0, "t")).isEqualTo(Verdict.GONE);
        assertThat(trusted(0)).isEqualTo(Verdict.FRESH);
    }

    @Test
    void theMarkerOfTheWholeCacheEndsEveryEntryOfALowerSequence() {
        told(Map.of(MarkerReading.ALL, SEQ + 1), MarkerReading.ALL);

        assertThat(trusted(0)).isEqualTo(Verdict.GONE);
        assertThat(judge(entry(0), 10)).isEqualTo(Verdict.GONE);
    }

    @Test
    void aMarkerThatTheFarTierHasLostEndsWhatHasTheTag() {
        told(Map.of(), "t");
        assertThat(trusted(0, "t")).isEqualTo(Verdict.GONE);

        told(Map.of(), MarkerReading.ALL);
        assertThat(trusted(0)).isEqualTo(Verdict.GONE);
    }

    @Test
    void aMarkerThatIsNotKnownMustBeAskedFor() {
        assertThat(trusted(0, "t", "unheard")).isEqualTo(Verdict.UNTRUSTED);
    }
}
