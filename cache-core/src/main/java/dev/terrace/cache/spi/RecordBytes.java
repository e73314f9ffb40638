package dev.terrace.cache.spi;

import dev.terrace.cache.spi.FarRecord.Attributes;
import dev.terrace.cache.spi.FarRecord.Content;
import dev.terrace.cache.spi.FarRecord.Life;
import dev.terrace.cache.spi.FarRecord.Stamp;
import dev.terrace.cache.spi.FarRecord.State;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Turns records into the bytes that {@link RecordFormat} describes, and back. Stateless.
 *
 * <p>What is read may come from anybody: reading never throws, whatever the bytes are, takes memory in proportion to them,
 * and answers {@link FarReading.Malformed} for all that is not exactly one record within the limits of
 * {@link RecordFormat}. What is written is checked, so that nothing is stored that would not be read back as it was.
 */
public final class RecordBytes {

    private static final short MAGIC = 'T' << 8 | 'R';
    private static final byte FORMAT = 1;
    private static final int NO_STATE = 0xFFFF;
    private static final int NO_FULL_KEY = 0;

    /** The largest integer up to which a script that counts in floating point is exact. */
    private static final long MAX_TIME = 1L << 53;

    private RecordBytes() {}

    /**
     * Reads a whole record: the remaining bytes of the buffer, all of them. The buffer is not moved; the payload is a slice
     * of it, so it must not be changed afterwards.
     *
     * @return {@link FarReading.Found} or {@link FarReading.Malformed}
     */
    public static FarReading parse(ByteBuffer bytes) {
        try {
            return found(bytes.duplicate());
        } catch (NoRecord e) {
            return malformed(bytes, e.reason);
        }
    }

    /**
     * Reads a whole record: all of these bytes. The payload is a view of them, so they must not be changed afterwards.
     *
     * @return {@link FarReading.Found} or {@link FarReading.Malformed}
     */
    public static FarReading parse(byte[] bytes) {
        try {
            return found(ByteBuffer.wrap(bytes));
        } catch (NoRecord e) {
            return malformed(ByteBuffer.wrap(bytes), e.reason);
        }
    }

    private static FarReading found(ByteBuffer in) throws NoRecord {
        Header header = header(in);
        return new FarReading.Found(rest(header, in));
    }

    /**
     * Reads the fixed part of a record: the first {@link RecordFormat#HEADER_LENGTH} remaining bytes of the buffer, which is
     * not moved. Of the attributes only the load cost is there; codec, full key and payload are not. Bytes after the fixed
     * part are not looked at, so what is found here may turn out to be malformed as a whole.
     *
     * @return {@link FarReading.Found} or {@link FarReading.Malformed}
     */
    public static FarReading parseHeader(ByteBuffer bytes) {
        try {
            Header header = header(bytes.duplicate());
            Content nothing = new Content(header.state(), 0, null, ByteBuffer.allocate(0));
            return new FarReading.Found(new FarRecord(
                    header.stamp(), header.life(), new Attributes(header.loadMillis(), List.of(), null), nothing));
        } catch (NoRecord e) {
            return malformed(bytes, e.reason);
        }
    }

    /**
     * Writes a record whose version, fresh-until and gone-at are zero, for the server to set.
     *
     * @throws IllegalArgumentException if the draft is outside the limits of {@link RecordFormat}, contains text that is not
     *     well-formed Unicode, or has a payload without being a value
     */
    public static byte[] encode(RecordDraft draft) {
        return encode(
                new Stamp(0, draft.writeId(), draft.sourceVersion(), draft.seq()),
                new Life(0, 0),
                draft.attributes(),
                draft.content());
    }

    /**
     * Writes a complete record.
     *
     * @throws IllegalArgumentException as {@link #encode(RecordDraft)}, or if a time is negative or beyond 2<sup>53</sup>
     */
    public static byte[] encode(FarRecord record) {
        return encode(record.stamp(), record.life(), record.attributes(), record.content());
    }

    private static Header header(ByteBuffer in) throws NoRecord {
        if (in.remaining() < RecordFormat.HEADER_LENGTH) {
            throw new NoRecord("shorter than a header");
        }
        if (in.getShort() != MAGIC) {
            throw new NoRecord("no record of ours");
        }
        if (in.get() != FORMAT) {
            throw new NoRecord("unknown format");
        }
        State state = state(in.get());
        Stamp stamp = new Stamp(in.getLong(), in.getLong(), in.getLong(), in.getLong());
        Life life = new Life(in.getLong(), in.getLong());
        int loadMillis = in.getInt();
        if (!isTime(life.freshUntil()) || !isTime(life.goneAt()) || loadMillis < 0) {
            throw new NoRecord("impossible time");
        }
        return new Header(state, stamp, life, loadMillis);
    }

    private static FarRecord rest(Header header, ByteBuffer in) throws NoRecord {
        need(in, Long.BYTES);
        long codec = in.getLong();
        List<String> tags = tags(in);
        int stateLength = unsignedShort(in);
        String state = stateLength == NO_STATE ? null : text(in, stateLength, RecordFormat.MAX_STATE_LENGTH);
        int keyLength = unsignedShort(in);
        String fullKey = keyLength == NO_FULL_KEY ? null : text(in, keyLength, RecordFormat.MAX_FULL_KEY_BYTES);
        need(in, Integer.BYTES);
        if (in.getInt() != in.remaining()) {
            throw new NoRecord("payload does not end the record");
        }
        if (header.state() != State.VALUE && in.hasRemaining()) {
            throw new NoRecord("payload without a value");
        }
        return new FarRecord(
                header.stamp(),
                header.life(),
                new Attributes(header.loadMillis(), tags, state),
                new Content(header.state(), codec, fullKey, in.slice()));
    }

    private static State state(byte code) throws NoRecord {
        return switch (code) {
            case 0 -> State.VALUE;
            case 1 -> State.NULL;
            case 2 -> State.TOMBSTONE;
            default -> throw new NoRecord("unknown state");
        };
    }

    private static byte code(State state) {
        return switch (state) {
            case VALUE -> 0;
            case NULL -> 1;
            case TOMBSTONE -> 2;
        };
    }

    private static List<String> tags(ByteBuffer in) throws NoRecord {
        int count = unsignedShort(in);
        if (count == 0) {
            return List.of();
        }
        if (count > RecordFormat.MAX_TAGS) {
            throw new NoRecord("too many tags");
        }
        List<String> tags = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            String tag = text(in, unsignedShort(in), RecordFormat.MAX_TAG_LENGTH);
            if (tag.isEmpty()) {
                throw new NoRecord("empty tag");
            }
            tags.add(tag);
        }
        return tags;
    }

    private static String text(ByteBuffer in, int length, int maxCharacters) throws NoRecord {
        need(in, length);
        ByteBuffer utf8 = in.slice(in.position(), length);
        in.position(in.position() + length);
        String text;
        try {
            text = StandardCharsets.UTF_8.newDecoder().decode(utf8).toString();
        } catch (CharacterCodingException e) {
            throw new NoRecord("text is not UTF-8");
        }
        if (text.length() > maxCharacters) {
            throw new NoRecord("text too long");
        }
        return text;
    }

    private static int unsignedShort(ByteBuffer in) throws NoRecord {
        need(in, Short.BYTES);
        return Short.toUnsignedInt(in.getShort());
    }

    private static void need(ByteBuffer in, int length) throws NoRecord {
        if (in.remaining() < length) {
            throw new NoRecord("truncated");
        }
    }

    private static boolean isTime(long farMillis) {
        return farMillis >= 0 && farMillis <= MAX_TIME;
    }

    private static FarReading malformed(ByteBuffer bytes, String reason) {
        int start = bytes.position() + Math.min(RecordFormat.IDENTITY_OFFSET, bytes.remaining());
        byte[] identity = new byte[Math.min(RecordFormat.IDENTITY_LENGTH, bytes.limit() - start)];
        bytes.get(start, identity);
        return new FarReading.Malformed(identity, reason);
    }

    private static byte[] encode(Stamp stamp, Life life, Attributes attributes, Content content) {
        check(isTime(life.freshUntil()) && isTime(life.goneAt()), "a time is negative or too large");
        check(attributes.loadMillis() >= 0, "loadMillis is negative");
        check(content.state() == State.VALUE || !content.payload().hasRemaining(), "a payload without a value");
        List<byte[]> tags = utf8(attributes.tags());
        byte[] state = utf8("state", attributes.state(), RecordFormat.MAX_STATE_LENGTH);
        byte[] fullKey = utf8("full key", content.fullKey(), RecordFormat.MAX_FULL_KEY_BYTES);
        check(fullKey == null || fullKey.length != 0, "the full key is empty");
        check(fullKey == null || fullKey.length <= RecordFormat.MAX_FULL_KEY_BYTES, "the full key is too long");
        ByteBuffer payload = content.payload().duplicate();

        ByteBuffer out = ByteBuffer.allocate(length(tags, state, fullKey, payload));
        out.putShort(MAGIC).put(FORMAT).put(code(content.state()));
        out.putLong(stamp.version()).putLong(stamp.writeId());
        out.putLong(stamp.sourceVersion()).putLong(stamp.seq());
        out.putLong(life.freshUntil()).putLong(life.goneAt());
        out.putInt(attributes.loadMillis());
        out.putLong(content.codec());
        out.putShort((short) tags.size());
        tags.forEach(tag -> put(out, tag, 0));
        put(out, state, NO_STATE);
        put(out, fullKey, NO_FULL_KEY);
        out.putInt(payload.remaining()).put(payload);
        return out.array();
    }

    private static int length(
            List<byte[]> tags, byte @Nullable [] state, byte @Nullable [] fullKey, ByteBuffer payload) {
        int length = RecordFormat.HEADER_LENGTH + Long.BYTES + Short.BYTES;
        for (byte[] tag : tags) {
            length += Short.BYTES + tag.length;
        }
        length += Short.BYTES + (state == null ? 0 : state.length);
        length += Short.BYTES + (fullKey == null ? 0 : fullKey.length);
        return Math.addExact(length + Integer.BYTES, payload.remaining());
    }

    private static void put(ByteBuffer out, byte @Nullable [] text, int lengthOfNone) {
        if (text == null) {
            out.putShort((short) lengthOfNone);
        } else {
            out.putShort((short) text.length).put(text);
        }
    }

    private static List<byte[]> utf8(List<String> tags) {
        check(tags.size() <= RecordFormat.MAX_TAGS, "too many tags");
        List<byte[]> encoded = new ArrayList<>(tags.size());
        for (String tag : tags) {
            check(!tag.isEmpty(), "a tag is empty");
            encoded.add(strictUtf8("tag", tag, RecordFormat.MAX_TAG_LENGTH));
        }
        return encoded;
    }

    private static byte @Nullable [] utf8(String what, @Nullable String text, int maxCharacters) {
        return text == null ? null : strictUtf8(what, text, maxCharacters);
    }

    private static byte[] strictUtf8(String what, String text, int maxCharacters) {
        check(text.length() <= maxCharacters, what + " is too long");
        try {
            ByteBuffer utf8 = StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(text));
            byte[] bytes = new byte[utf8.remaining()];
            utf8.get(bytes);
            return bytes;
        } catch (CharacterCodingException e) {
            throw new IllegalArgumentException("record: " + what + " is not well-formed Unicode", e);
        }
    }

    private static void check(boolean right, String wrong) {
        if (!right) {
            throw new IllegalArgumentException("record: " + wrong);
        }
    }

    /** The part with fixed places. */
    private record Header(State state, Stamp stamp, Life life, int loadMillis) {}

    /** Control flow of the reader; never leaves this class, and costs no stack trace. */
    private static final class NoRecord extends Exception {
        private static final long serialVersionUID = 1L;

        final String reason;

        NoRecord(String reason) {
            super(reason, null, false, false);
            this.reason = reason;
        }
    }
}
