package dev.terrace.cache.codec;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/** Strings as UTF-8. A string with half a surrogate pair has no UTF-8 and is refused rather than changed. */
public final class StringCodec implements Codec<String> {

    private static final StringCodec UTF_8 = new StringCodec();
    private static final char REPLACEMENT = '\uFFFD';

    private StringCodec() {}

    /** The codec, whose id is {@code utf8}. */
    public static StringCodec utf8() {
        return UTF_8;
    }

    @Override
    public String id() {
        return "utf8";
    }

    @Override
    public byte[] encode(String value) {
        if (!isWellFormed(value)) {
            throw new CodecException("the string has half a surrogate pair");
        }
        return value.getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public String decode(ByteBuffer bytes) {
        String text = text(bytes);
        if (text.indexOf(REPLACEMENT) >= 0) {
            // Either the text has that character, or something was replaced by it.
            requireUtf8(bytes);
        }
        return text;
    }

    private static String text(ByteBuffer bytes) {
        if (bytes.hasArray()) {
            return new String(
                    bytes.array(), bytes.arrayOffset() + bytes.position(), bytes.remaining(), StandardCharsets.UTF_8);
        }
        byte[] utf8 = new byte[bytes.remaining()];
        bytes.get(bytes.position(), utf8);
        return new String(utf8, StandardCharsets.UTF_8);
    }

    private static boolean isWellFormed(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (Character.isSurrogate(text.charAt(i)) && !Character.isSupplementaryCodePoint(text.codePointAt(i++))) {
                return false;
            }
        }
        return true;
    }

    private static void requireUtf8(ByteBuffer bytes) {
        try {
            StandardCharsets.UTF_8.newDecoder().decode(bytes.duplicate());
        } catch (CharacterCodingException e) {
            throw new CodecException("the bytes are not UTF-8");
        }
    }

    @Override
    public String toString() {
        return "StringCodec[utf8]";
    }
}
