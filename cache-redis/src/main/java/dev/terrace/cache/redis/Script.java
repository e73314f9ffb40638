package dev.terrace.cache.redis;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Locale;

/**
 * The scripts, each a resource file behind a common prelude, with the digest by which the server knows it. What they take and
 * answer is said at their top.
 */
enum Script {
    LEASE(Notice.NONE),
    FILL(Notice.OF_A_COPY),
    RELEASE(Notice.NONE),
    PUT(Notice.OF_A_COPY),
    INVALIDATE(Notice.OF_A_CHANGE),
    EXPIRE(Notice.OF_A_CHANGE),
    TOUCH(Notice.NONE),
    ENSURE_MARKERS(Notice.NONE),
    RAISE_MARKERS(Notice.OF_A_CHANGE);

    /** What a script tells others of what it does. */
    enum Notice {
        NONE,
        /** What its node may have as a copy from then on. */
        OF_A_COPY,
        /** What its own node is told of as any other. */
        OF_A_CHANGE
    }

    /** How the error of a script begins that came past its deadline. */
    static final String LATE = "LATE";

    private final Notice notice;
    private final String text;
    private final String digest;

    Script(Notice notice) {
        this.notice = notice;
        text = resource("prelude.lua")
                + resource(name().toLowerCase(Locale.ROOT).replace('_', '-') + ".lua");
        digest = sha1(text);
    }

    Notice notice() {
        return notice;
    }

    String text() {
        return text;
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
    static String sha1(String text) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-1").digest(text.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JVM has SHA-1", e);
        }
    }
}
