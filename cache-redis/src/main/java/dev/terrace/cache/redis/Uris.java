package dev.terrace.cache.redis;

import io.lettuce.core.RedisURI;
import java.util.stream.Collectors;

/** Reads and names URIs of Redis without letting their credentials out. */
final class Uris {

    private Uris() {}

    /** @throws IllegalArgumentException without the text, and so without the password, that could not be read */
    static RedisURI parse(String text) {
        try {
            return RedisURI.create(text);
        } catch (RuntimeException e) {
            // Neither the message nor the cause: they quote the text.
            throw new IllegalArgumentException("not a URI of Redis: " + withoutCredentials(text));
        }
    }

    /** @throws IllegalArgumentException if the URI names neither a host, nor a socket, nor sentinels */
    static RedisURI whole(RedisURI uri) {
        if (uri.getHost() == null
                && uri.getSocket() == null
                && uri.getSentinels().isEmpty()) {
            throw new IllegalArgumentException("the URI names neither a Redis nor sentinels");
        }
        return uri;
    }

    /** The same with a client name, unless it has one; the driver cannot copy a URI of sentinels. */
    static RedisURI named(RedisURI uri, String name) {
        return uri.getClientName() != null || !uri.getSentinels().isEmpty()
                ? uri
                : RedisURI.builder(uri).withClientName(name).build();
    }

    /** For messages and logs. */
    static String describe(RedisURI uri) {
        if (uri.getSocket() != null) {
            return "redis-socket://" + uri.getSocket();
        }
        if (!uri.getSentinels().isEmpty()) {
            return uri.getSentinels().stream()
                    .map(sentinel -> sentinel.getHost() + ":" + sentinel.getPort())
                    .collect(Collectors.joining(",", "redis-sentinel://", "#" + uri.getSentinelMasterId()));
        }
        String scheme = uri.isSsl() ? "rediss://" : "redis://";
        return scheme + uri.getHost() + ":" + uri.getPort() + "/" + uri.getDatabase();
    }

    /** Everything between the scheme and the last at sign may be a password, also where it is not escaped as it should be. */
    private static String withoutCredentials(String text) {
        int at = text.lastIndexOf('@');
        int scheme = text.indexOf("://");
        String start = scheme < 0 || scheme > at ? "" : text.substring(0, scheme + 3);
        return at < 0 ? text : start + "…" + text.substring(at);
    }
}
