package dev.terrace.cache.memcached;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Replies may come in any pieces, and from anybody. */
final class DialectTest {

    private static final int LARGEST = 3 << 20;
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
    void ofARefusalTheBeginningIsToldOnOneLine() {
        assertThat(new Reply.Failed("SERVER_ERROR out of memory").reason()).isEqualTo("SERVER_ERROR out of memory");
        assertThat(new Reply.Failed("a\r\nb\u0007\u00fc" + "x".repeat(1_000)).reason())
                .hasSize(100)
                .startsWith("a??b??x");
    }

    @Test
    void whatIsNoReplyEndsTheConnection() {
        for (Dialect dialect : List.of(MetaDialect.INSTANCE, ClassicDialect.INSTANCE, BinaryDialect.INSTANCE)) {
            assertThatIllegalStateException()
                    .isThrownBy(() -> read(dialect, "HTTP/1.1 400 Bad Request\r\n\r\n", 1_000))
                    .withMessageStartingWith("unexpected reply")
                    .withMessageNotContaining("HTTP");
        }
        assertThatIllegalStateException().isThrownBy(() -> read(MetaDialect.INSTANCE, "VA 1 c1\r\nabc\r\n", 1_000));
        for (String wire : List.of("VA secret\r\n", "HD c1secret\r\n")) {
            assertThatIllegalStateException()
                    .isThrownBy(() -> read(MetaDialect.INSTANCE, wire, 1_000))
                    .withMessageStartingWith("unexpected reply")
                    .withMessageNotContaining("secret");
        }
        assertThatIllegalStateException()
                .isThrownBy(() -> read(ClassicDialect.INSTANCE, "VALUE k 0\r\n", 1_000))
                .withMessageStartingWith("unexpected reply");
    }

    @Test
    void wholeItemsAreReadInAnyPieces() {
        List<String> names = List.of("a", "ab", "abc", "abc", "b");
        String wire = String.join(
                "\r\n",
                "VALUE ab 4294967295 2 18446744073709551615",
                "\r\n",
                "VALUE abc 0 0 1",
                "",
                "VALUE abc 5 5 2",
                "END\r\n",
                "END",
                "");
        for (int piece = 1; piece < wire.length(); piece++) {
            assertThat(whole(names, wire, piece))
                    .containsExactly("-", "ab -1 -1 [13, 10]", "abc 0 1 []", "abc 5 2 [69, 78, 68, 13, 10]", "-");
        }
    }

    @Test
    void oneWholeItemIsReadInAnyPieces() {
        for (String wire :
                List.of("VA 5 c18446744073709551615 f4294967295\r\nEN\r\n!\r\n", "VA 5 f7 Z c8\r\nEN\r\n!\r\n")) {
            String numbers = wire.contains("f7") ? "7 8" : "-1 -1";
            for (int piece = 1; piece < wire.length(); piece++) {
                assertThat(whole(List.of("a"), wire, piece)).containsExactly("a " + numbers + " [69, 78, 13, 10, 33]");
            }
        }
        assertThat(whole(List.of("a"), "VA 0 c1 f0\r\n\r\n", 1)).containsExactly("a 0 1 []");
        assertThat(whole(List.of("a"), "EN\r\n", 1)).containsExactly("-");
        assertThatIllegalStateException()
                .isThrownBy(() -> whole(List.of("a"), "SERVER_ERROR out of memory\r\n", 1_000))
                .withMessageContaining("out of memory");
        for (String wire : List.of("VA x c1\r\n", "VA 99999999999 c1\r\n", "VALUE a 0 1 7\r\n", "VA 1 c1?\r\n")) {
            assertThatIllegalStateException()
                    .isThrownBy(() -> whole(List.of("a"), wire, 1_000))
                    .withMessageStartingWith("unexpected reply");
        }
    }

    @Test
    void moreNamesThanALineHasGoInSeveral() {
        List<String> names =
                IntStream.range(0, 120).mapToObj(i -> "k".repeat(200) + i).toList();
        List<String> lines = List.of(
                new String(MetaDialect.INSTANCE.whole(names, TEXT, LARGEST).bytes(), StandardCharsets.ISO_8859_1)
                        .split("\r\n"));
        assertThat(lines)
                .hasSize(4)
                .allSatisfy(line -> assertThat(line).startsWith("gets k").hasSizeLessThan(8_000));
        assertThat(String.join(" ", lines).replace("gets ", "").split(" ")).containsExactlyElementsOf(names);

        String wire = "VALUE " + names.get(38) + " 0 1 7\r\nx\r\nEND\r\nEND\r\nVALUE " + names.get(80)
                + " 0 1 8\r\ny\r\nEND\r\nEND\r\n";
        for (int piece : List.of(1, 7, 300, 1_000)) {
            List<String> found = whole(names, wire, piece);
            assertThat(found).hasSize(120);
            assertThat(found.get(38)).isEqualTo(names.get(38) + " 0 7 [120]");
            assertThat(found.get(80)).isEqualTo(names.get(80) + " 0 8 [121]");
            assertThat(found).filteredOn("-"::equals).hasSize(118);
        }
    }

    @Test
    void aLineIsBrokenBeforeTheNameThatItHasNoRoomFor() {
        List<String> many =
                IntStream.range(0, 31).mapToObj(i -> "k".repeat(248) + (10 + i)).toList();
        List<String> fitting = new ArrayList<>(many);
        fitting.add("x".repeat(212));
        List<String> longer = new ArrayList<>(many);
        longer.add("x".repeat(213));
        String one =
                new String(MetaDialect.INSTANCE.whole(fitting, TEXT, LARGEST).bytes(), StandardCharsets.ISO_8859_1);
        assertThat(one).isEqualTo("gets " + String.join(" ", fitting) + "\r\n").hasSize(8_000);
        String two =
                new String(MetaDialect.INSTANCE.whole(longer, TEXT, LARGEST).bytes(), StandardCharsets.ISO_8859_1);
        assertThat(two).isEqualTo("gets " + String.join(" ", many) + "\r\ngets " + longer.get(31) + "\r\n");

        String wire = "VALUE " + longer.get(31) + " 0 1 7\r\nx\r\nEND\r\n";
        assertThat(whole(fitting, wire.replace(longer.get(31), fitting.get(31)), 1_000))
                .endsWith(fitting.get(31) + " 0 7 [120]");
        assertThat(whole(longer, "END\r\n" + wire, 1_000)).endsWith(longer.get(31) + " 0 7 [120]");
        // Of a line that was asked later.
        assertThatIllegalStateException()
                .isThrownBy(() -> whole(longer, wire, 1_000))
                .withMessageStartingWith("unexpected reply");
    }

    @Test
    void whatTheServerRefusesOfWholeItemsIsReadToTheEnd() {
        List<String> names =
                IntStream.range(0, 40).mapToObj(i -> "k".repeat(240) + i).toList();
        assertThatIllegalStateException()
                .isThrownBy(() -> whole(names, "SERVER_ERROR out of memory\r\nEND\r\n", 1_000))
                .withMessageContaining("out of memory");
    }

    @Test
    void whatIsNoReplyToAReadOfWholeItemsEndsTheConnection() {
        for (String wire : List.of(
                "VALUE other 0 1 7\r\nx\r\nEND\r\n",
                "VALUE a 0 1\r\nx\r\nEND\r\n",
                "VALUE a 0 99999999999 7\r\n",
                "VALUE a 0 99999999999999999999 7\r\n",
                "VALUE a x 1 7\r\n",
                "VALUE b 0 1 7\r\nx\r\nVALUE a 0 1 7\r\nx\r\nEND\r\n",
                "VA 1 c1\r\n")) {
            assertThatIllegalStateException()
                    .isThrownBy(() -> whole(List.of("a", "b"), wire, 1_000))
                    .withMessageStartingWith("unexpected reply");
        }
        assertThatIllegalStateException()
                .isThrownBy(() -> whole(List.of("a", "b"), "VALUE a 0 1 7\r\nabcEND\r\n", 1_000))
                .withMessage("a value does not end where it should");
        assertThatIllegalStateException()
                .isThrownBy(() -> whole(List.of("a"), "VA 1 c7 f0\r\nabc", 1_000))
                .withMessage("a value does not end where it should");
    }

    @Test
    void aValueLargerThanTheServerTakesIsNoReply() {
        long more = LARGEST + 1L;
        for (Dialect dialect : List.of(MetaDialect.INSTANCE, ClassicDialect.INSTANCE)) {
            for (String wire :
                    List.of("VA " + more + " c1 f0\r\n", "VALUE k 0 " + more + " 1\r\n", "VA 2147483647 c1\r\n")) {
                assertThatIllegalStateException()
                        .isThrownBy(() -> read(dialect, wire, 1_000))
                        .withMessageStartingWith("unexpected reply");
                for (List<String> names : List.of(List.of("k"), List.of("k", "l"))) {
                    assertThatIllegalStateException()
                            .isThrownBy(() ->
                                    read(dialect.whole(names, TEXT, LARGEST).replies(), wire, 1_000))
                            .withMessageStartingWith("unexpected reply");
                }
            }
        }
        for (int length : new int[] {LARGEST + 1, Integer.MAX_VALUE}) {
            assertThatIllegalStateException()
                    .isThrownBy(
                            () -> BinaryDialect.INSTANCE.replies(ASKS, LARGEST).read(binaryHeader(length)))
                    .withMessageStartingWith("unexpected reply");
        }
        assertThat(BinaryDialect.INSTANCE.replies(ASKS, LARGEST).read(binaryHeader(LARGEST)))
                .isFalse();
        assertThat(whole(List.of("k"), "VA " + LARGEST + " c1 f0\r\n" + "x".repeat(LARGEST) + "\r\n", 32_000))
                .singleElement()
                .asString()
                .startsWith("k 0 1 [120, ");
    }

    private static ByteBuffer binaryHeader(int length) {
        return ByteBuffer.allocate(24).put(0, (byte) 0x81).putInt(8, length);
    }

    @Test
    void roomForALargeValueIsMadeAsItComes() {
        assertThat(new Arriving(Integer.MAX_VALUE - 8).bytes()).hasSizeLessThan(2 << 20);
        byte[] sent = new byte[5_000_000];
        ThreadLocalRandom.current().nextBytes(sent);
        for (int length : new int[] {0, 1, 1 << 20, (1 << 20) + 1, sent.length - 1, sent.length}) {
            Arriving value = new Arriving(length);
            ByteBuffer all = ByteBuffer.wrap(sent);
            for (int end = 0; end < length; end = Math.min(end + 300_000, length)) {
                assertThat(value.fill(all.limit(end))).isFalse();
            }
            assertThat(value.fill(all.limit(sent.length))).isTrue();
            assertThat(all.position()).isEqualTo(length);
            assertThat(value.bytes()).isEqualTo(Arrays.copyOf(sent, length));
        }
    }

    private static final Dialect.Items<String> TEXT = new Dialect.Items<>() {
        @Override
        public String found(String name, int flags, long cas, byte[] bytes) {
            return name + " " + flags + " " + cas + " " + Arrays.toString(bytes);
        }

        @Override
        public String missing() {
            return "-";
        }
    };

    private static List<String> whole(List<String> names, String wire, int piece) {
        return read(MetaDialect.INSTANCE.whole(names, TEXT, LARGEST).replies(), wire, piece);
    }

    private static List<Reply> read(Dialect dialect, String wire, int piece) {
        return read(dialect.replies(ASKS, LARGEST), wire, piece);
    }

    private static <T> List<T> read(Dialect.Replies<T> replies, String wire, int piece) {
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
