package dev.terrace.cache;

import dev.terrace.cache.spi.RecordFormat;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;

/**
 * Turns any text into a key that any far tier takes, so that two texts never share one.
 *
 * <p>Printable ASCII stays as it is, except for <code>{</code>, <code>}</code> (in which a Redis Cluster looks for a slot)
 * and {@code %}. All else is percent-encoded as UTF-8; half a surrogate pair, which has no UTF-8, as the three bytes that it
 * would have, which no other text gives. The empty text is {@code %}.
 *
 * <p>What is longer than {@value #MAX_LENGTH} characters then is cut, and ends in {@code %-} and 128 bits of its SHA-256;
 * {@code %-} begins no percent code. The whole text is kept in the record, where a read compares it.
 */
final class FarKeys {

    /** As {@link dev.terrace.cache.spi.FarStore} promises. */
    static final int MAX_LENGTH = 200;

    private static final String EMPTY = "%";
    private static final String HASH_MARK = "%-";
    private static final int PREFIX_LENGTH = 100;
    private static final int HASH_BYTES = 16;
    private static final String LARGE_MARK = "%sha256:";
    private static final HexFormat HEX = HexFormat.of().withUpperCase();

    private FarKeys() {}

    /** The key of a text. */
    static FarKey of(String text) {
        int kept = keptLength(text);
        if (kept == text.length() && kept != 0 && kept <= MAX_LENGTH) {
            return new FarKey(text, null);
        }
        String escaped = kept == text.length() ? text : escaped(text, kept);
        if (escaped.length() > MAX_LENGTH) {
            return hashed(text, escaped);
        }
        return new FarKey(escaped.isEmpty() ? EMPTY : escaped, null);
    }

    private static int keptLength(String text) {
        int length = 0;
        while (length < text.length() && isKept(text.charAt(length))) {
            length++;
        }
        return length;
    }

    private static boolean isKept(char c) {
        return c >= '!' && c <= '~' && c != '{' && c != '}' && c != '%';
    }

    private static String escaped(String text, int kept) {
        StringBuilder escaped = new StringBuilder(text.length() + 16).append(text, 0, kept);
        int codePoint;
        for (int i = kept; i < text.length(); i += Character.charCount(codePoint)) {
            codePoint = text.codePointAt(i);
            if (codePoint <= '~' && isKept((char) codePoint)) {
                escaped.append((char) codePoint);
            } else {
                appendUtf8(codePoint, escaped);
            }
        }
        return escaped.toString();
    }

    private static void appendUtf8(int codePoint, StringBuilder to) {
        if (codePoint < 0x80) {
            appendByte(codePoint, to);
        } else if (codePoint < 0x800) {
            appendByte(0xC0 | (codePoint >> 6), to);
            appendByte(0x80 | (codePoint & 0x3F), to);
        } else if (codePoint < 0x10000) {
            appendByte(0xE0 | (codePoint >> 12), to);
            appendByte(0x80 | (codePoint >> 6 & 0x3F), to);
            appendByte(0x80 | (codePoint & 0x3F), to);
        } else {
            appendByte(0xF0 | (codePoint >> 18), to);
            appendByte(0x80 | (codePoint >> 12 & 0x3F), to);
            appendByte(0x80 | (codePoint >> 6 & 0x3F), to);
            appendByte(0x80 | (codePoint & 0x3F), to);
        }
    }

    private static void appendByte(int value, StringBuilder to) {
        HEX.toHexDigits(to.append('%'), (byte) value);
    }

    private static FarKey hashed(String text, String escaped) {
        byte[] hash = sha256(escaped);
        String shortHash = Base64.getUrlEncoder().withoutPadding().encodeToString(Arrays.copyOf(hash, HASH_BYTES));
        return new FarKey(
                escaped.substring(0, PREFIX_LENGTH) + HASH_MARK + shortHash,
                fitsARecord(text) ? text : LARGE_MARK + HEX.formatHex(hash));
    }

    /** Whether a record can hold the text: else it holds the whole of the hash. */
    private static boolean fitsARecord(String text) {
        if (text.length() > RecordFormat.MAX_FULL_KEY_BYTES) {
            return false;
        }
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        return utf8.length <= RecordFormat.MAX_FULL_KEY_BYTES && new String(utf8, StandardCharsets.UTF_8).equals(text);
    }

    private static byte[] sha256(String ascii) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(ascii.getBytes(StandardCharsets.US_ASCII));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has SHA-256", e);
        }
    }
}
