package dev.terrace.cache.memcached;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrace.cache.spi.FarRecord;
import java.nio.ByteBuffer;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A header is believed for the very change that it was seen of, and for no other. */
final class SeenHeadersTest {

    private final SeenHeaders seen = new SeenHeaders();
    private final Link link = link();

    @Test
    void aHeaderIsThatOfOneChangeOfOneNameOverOneConnection() {
        FarRecord record = record(7, 1);
        seen.saw("a", link, record);
        FarRecord recalled = seen.recall("a", link, 7);
        assertThat(recalled).isNotNull();
        assertThat(recalled.stamp()).isEqualTo(record.stamp());
        assertThat(recalled.life()).isEqualTo(record.life());
        assertThat(seen.recall("b", link, 7)).isNull();
        assertThat(seen.recall("a", link(), 7)).isNull();
        assertThat(seen.recall("a", link, 8)).isNull();
    }

    @Test
    void anIdOfTheSameSlotIsAnother() {
        seen.saw("a", link, record(7, 1));
        for (long other : List.of(7L + (1L << 15), 7L + (1L << 32), Long.MIN_VALUE + 7)) {
            assertThat(seen.recall("a", link, other)).isNull();
        }
        seen.saw("a", link, record(7 + (1L << 15), 2));
        assertThat(seen.recall("a", link, 7)).isNull();
        assertThat(seen.recall("a", link, 7 + (1L << 15))).isNotNull();
    }

    /** As when two are seen at once whose ids share a slot: the mark is of the one, and the header of the other. */
    @Test
    void whatIsTakenForSeenAndIsNotIsRememberedOnceItWasMissed() {
        long other = 7 ^ (1L << 52 | 1L << 20);
        seen.saw("a", link, record(7, 1));
        seen.saw("b", link, record(other, 2));
        assertThat(seen.recall("b", link, other)).isNull();

        seen.saw("b", link, record(other, 2));

        assertThat(seen.recall("b", link, other)).isNotNull();
    }

    @Test
    void whatAnotherServerOrTheSameAfterARestartCountsAlikeReplacesWhatWasSeen() {
        seen.saw("a", link, record(7, 1));
        Link next = link();
        seen.saw("a", next, record(7, 2));
        FarRecord recalled = seen.recall("a", next, 7);
        assertThat(recalled).isNotNull();
        assertThat(recalled.stamp().writeId()).isEqualTo(2);
        assertThat(seen.recall("a", link, 7)).isNull();
    }

    private static Link link() {
        return new Link("test", 1, new Link.Counts(), (ended, reason) -> {});
    }

    private static FarRecord record(long version, long writeId) {
        return new FarRecord(
                new FarRecord.Stamp(version, writeId, FarRecord.NO_SOURCE_VERSION, 0),
                new FarRecord.Life(100, 200),
                FarRecord.Attributes.NONE,
                new FarRecord.Content(FarRecord.State.VALUE, 1, null, ByteBuffer.allocate(0)));
    }
}
