package dev.terrace.cache.memcached;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Replies may come in any pieces, and from anybody. */
final class DialectTest {

    private static final List<Ask> ASKS = List.of(
            new Ask.Get("k", true, false, 0),
            new Ask.Get("k", false, true, 0),
            new Ask.Store("k", new byte[] {1}, 0, 1, Ask.ANY),
            new Ask.Delete("k", 5),
            new Ask.Stats(""));

    @Test
    void repliesOfTheMetaProtocolAreReadInAnyPieces() {
        String wire = "VA 2 c7 f5\r\n\r\n\r\nHD c8 f0 t30\r\nHD c9\r\nNF c0\r\nSTAT a b c\r\nEND\r\n";
        for (int piece = 1; piece < wire.length(); piece++) {
            List<Reply> replies = read(MetaDialect.INSTANCE, wire, piece);
            Reply.Item item = (Reply.Item) replies.get(0);
            assertThat(item.value()).containsExactly('\r', '\n');
            assertThat(item.cas()).isEqualTo(7);
            assertThat(item.flags()).isEqualTo(5);
            assertThat(((Reply.Item) replies.get(1)).secondsLeft()).isEqualTo(30);
            assertThat(replies.get(2)).isEqualTo(new Reply.Stored(9));
            assertThat(replies.get(3)).isEqualTo(Reply.MISSING);
            assertThat(((Reply.Table) replies.get(4)).entries()).containsEntry("a", "b c");
        }
    }

    @Test
    void repliesOfTheClassicProtocolAreReadInAnyPieces() {
        String wire =
                "VALUE k 5 2 7\r\n\r\n\r\nEND\r\nEND\r\nSTORED\r\nVALUE k 0 1 9\r\n\u0001\r\nEND\r\nEXISTS\r\nEND\r\n";
        for (int piece = 1; piece < wire.length(); piece++) {
            List<Reply> replies = read(ClassicDialect.INSTANCE, wire, piece);
            assertThat(((Reply.Item) replies.get(0)).value()).containsExactly('\r', '\n');
            assertThat(replies.get(1)).isEqualTo(Reply.MISSING);
            assertThat(replies.get(2)).isEqualTo(new Reply.Stored(9));
            assertThat(replies.get(3)).isEqualTo(Reply.CONFLICT);
        }
    }

    @Test
    void aRefusalIsTheReplyOfItsRequestAlone() {
        List<Reply> meta = read(
                MetaDialect.INSTANCE,
                "SERVER_ERROR out of memory\r\nEN\r\nSERVER_ERROR object too large for cache\r\nHD\r\nEND\r\n",
                1_000);
        assertThat(meta.get(0)).isInstanceOf(Reply.Failed.class);
        assertThat(meta.get(1)).isEqualTo(Reply.MISSING);
        assertThat(meta.get(2)).isInstanceOf(Reply.TooLarge.class);
        List<Reply> classic = read(
                ClassicDialect.INSTANCE,
                "END\r\nEND\r\nSERVER_ERROR object too large for cache\r\nEND\r\nSTORED\r\nEND\r\n",
                1_000);
        assertThat(classic.get(2)).isInstanceOf(Reply.TooLarge.class);
        assertThat(classic.get(3)).isEqualTo(Reply.DONE);
    }

    @Test
    void whatIsNoReplyEndsTheConnection() {
        for (Dialect dialect : List.of(MetaDialect.INSTANCE, ClassicDialect.INSTANCE, BinaryDialect.INSTANCE)) {
            assertThatIllegalStateException()
                    .isThrownBy(() -> read(dialect, "HTTP/1.1 400 Bad Request\r\n\r\n", 1_000))
                    .withMessageStartingWith("unexpected reply");
        }
        assertThatIllegalStateException().isThrownBy(() -> read(MetaDialect.INSTANCE, "VA 1 c1\r\nabc\r\n", 1_000));
    }

    private static List<Reply> read(Dialect dialect, String wire, int piece) {
        Dialect.Replies replies = dialect.replies(ASKS);
        byte[] bytes = wire.getBytes(StandardCharsets.ISO_8859_1);
        ByteBuffer buffer = ByteBuffer.allocate(bytes.length);
        boolean complete = false;
        for (int from = 0; from < bytes.length; from += piece) {
            buffer.put(bytes, from, Math.min(piece, bytes.length - from)).flip();
            complete = replies.read(buffer);
            buffer.compact();
        }
        assertThat(complete).isTrue();
        assertThat(buffer.position()).isZero();
        return replies.all();
    }
}
