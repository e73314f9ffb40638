package dev.terrace.cache;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrace.cache.spi.FarRecord;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class EntryTest {

    private static final Entry.Stamp STAMP = new Entry.Stamp(1, 2, 3);

    private static Entry<String> entry(long freshUntil, long goneAt) {
        return new Entry<>("value", new Entry.Life(freshUntil, goneAt, 77), STAMP, Entry.Extra.NONE, 12);
    }

    @Test
    void freshnessAndTrustAreExact() {
        Entry<String> entry = entry(123_456_789_012_345L, Long.MAX_VALUE / 2);
        assertThat(entry.freshUntil).isEqualTo(123_456_789_012_345L);
        assertThat(entry.trustedUntil).isEqualTo(77);
    }

    @Test
    void theEndOfLifeIsExactToTheMillisecondForHours() {
        for (long millis : new long[] {0, 1, 999, 3_600_000, 4 * 3_600_000 + 1}) {
            long goneAt = 5_000_000_001L + millis * 1_000_000;
            assertThat(entry(5_000_000_001L, goneAt).goneAt()).isEqualTo(goneAt);
        }
    }

    @Test
    void theEndOfLifeIsNeverRoundedUpAndLosesOnePartInSixteenMillionsAtMost() {
        Random random = new Random(1);
        long longest = Duration.ofDays(36_500).toNanos();
        for (int i = 0; i < 100_000; i++) {
            long freshUntil = random.nextLong(longest);
            long stale = random.nextLong(1, longest) >>> random.nextInt(60);
            long goneAt = entry(freshUntil, freshUntil + stale).goneAt();
            assertThat(goneAt).isLessThanOrEqualTo(freshUntil + stale);
            assertThat(freshUntil + stale - goneAt).isLessThan(1_000_000 + stale / 8_000_000);
        }
    }

    @Test
    void whatIsGoneIsNotFresh() {
        Entry<String> entry = entry(2_000_000, 1_000_000);
        assertThat(entry.freshUntil).isEqualTo(1_000_000);
        assertThat(entry.goneAt()).isEqualTo(1_000_000);
    }

    @Test
    void itIsTheChangeOfARecordOnlyIfVersionAndWriteIdAreTheSame() {
        Entry<String> entry = entry(1_000_000, 2_000_000);
        assertThat(entry.isSameChangeAs(new FarRecord.Stamp(1, 2, 8, 9))).isTrue();
        // A failover may issue a version twice, and an expiry keeps what it does not change.
        assertThat(entry.isSameChangeAs(new FarRecord.Stamp(1, 3, 8, 9))).isFalse();
        assertThat(entry.isSameChangeAs(new FarRecord.Stamp(2, 2, 8, 9))).isFalse();
    }

    @Test
    void aRenewedEntryIsTheSameChangeWithAnotherLife() {
        Entry<String> renewed = entry(1_000_000, 2_000_000).renewed(new Entry.Life(3_000_000, 4_000_000, 5));
        assertThat(renewed.life()).isEqualTo(new Entry.Life(3_000_000, 4_000_000, 5));
        assertThat(renewed.isSameChangeAs(new FarRecord.Stamp(1, 2, 0, 0))).isTrue();
        assertThat(renewed.seq()).isEqualTo(3);
        assertThat(renewed.loadMillis()).isEqualTo(12);
    }

    @Test
    void entriesShareWhatTheyDoNotHave() {
        assertThat(entry(1, 2).extra).isSameAs(entry(3, 4).extra);
        assertThat(entry(1, 2).extra.tags()).isEmpty();
    }

    @Test
    void aSequenceIsKeptWithEveryExtra() {
        Entry.Extra tagged = Entry.Extra.of(List.of("t"), "state", 9);
        Entry<String> entry = new Entry<>("value", new Entry.Life(1, 2, 3), STAMP, tagged, 0);
        assertThat(entry.extra).isEqualTo(new Entry.Extra(List.of("t"), "state", 9, 3, 0));
        for (long seq = 0; seq < 10_000; seq++) {
            Entry.Stamp stamp = new Entry.Stamp(1, 2, seq << 11);
            assertThat(new Entry<>("value", new Entry.Life(1, 2, 3), stamp, entry(1, 2).extra, 0).seq())
                    .isEqualTo(seq << 11);
        }
    }

    @Test
    void aLoadOfMoreThanAMinuteCountsAsAMinute() {
        Entry<String> entry = new Entry<>("value", new Entry.Life(1, 2, 3), STAMP, Entry.Extra.NONE, 3_600_000);
        assertThat(entry.loadMillis()).isEqualTo(65_535);
    }
}
