package dev.terrace.cache.redis;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** A script that Redis runs, with the digest by which the server knows it. Immutable. */
public final class RedisScript {

    private final String text;
    private final String digest;

    private RedisScript(String text) {
        this.text = text;
        this.digest = Script.sha1(text);
    }

    /** A script of this text, which answers an array. */
    public static RedisScript of(String text) {
        return new RedisScript(text);
    }

    /**
     * A script that is a resource, or several that are read as one.
     *
     * @param beside the class beside which they lie
     * @throws IllegalStateException if one is missing
     */
    public static RedisScript resource(Class<?> beside, String... files) {
        StringBuilder text = new StringBuilder();
        for (String file : files) {
            try (InputStream in = beside.getResourceAsStream(file)) {
                if (in == null) {
                    throw new IllegalStateException("the script " + file + " is missing in the jar");
                }
                text.append(new String(in.readAllBytes(), StandardCharsets.UTF_8));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return new RedisScript(text.toString());
    }

    String text() {
        return text;
    }

    String digest() {
        return digest;
    }
}
