package dev.terrace.cache.redis;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Locale;

/** The scripts, each a resource file behind a common prelude, with the digest by which the server knows it. */
enum Script {
    LEASE,
    FILL,
    RELEASE,
    PUT,
    INVALIDATE,
    EXPIRE,
    TOUCH,
    ENSURE_MARKERS,
    RAISE_MARKERS;

    @SuppressWarnings("ImmutableEnumChecker") // Given out only as a copy.
    private final byte[] text;

    private final String digest;

    Script() {
        String file = name().toLowerCase(Locale.ROOT).replace('_', '-') + ".lua";
        text = (resource("prelude.lua") + resource(file)).getBytes(StandardCharsets.UTF_8);
        digest = sha1(text);
    }

    byte[] text() {
        return text.clone();
    }

    String digest() {
        return digest;
    }

    private static String resource(String file) {
        try (InputStream in = Script.class.getResourceAsStream(file)) {
            if (in == null) {
                throw new IllegalStateException("the script " + file + " is missing in the jar");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** How Redis names scripts; not a matter of security. */
    private static String sha1(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-1").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JVM has SHA-1", e);
        }
    }
}
