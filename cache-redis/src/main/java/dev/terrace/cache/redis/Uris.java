package dev.terrace.cache.redis;

import io.lettuce.core.RedisURI;
import io.lettuce.core.resource.Transports;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.stream.Collectors;

/** Reads and names URIs of Redis without letting their credentials out. */
final class Uris {

    private static final String CLUSTER = "redis-cluster://";
    private static final String CLUSTER_TLS = "rediss-cluster://";

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

    /**
     * @throws IllegalArgumentException if the URI names neither a host, nor a socket, nor sentinels, or a socket where
     *     there is no transport for it
     */
    static RedisURI whole(RedisURI uri) {
        if (uri.getSocket() != null && !Transports.NativeTransports.isDomainSocketSupported()) {
            throw new IllegalArgumentException("the URI names the socket " + uri.getSocket()
                    + ", for which Netty's native transport is needed on the class path: netty-transport-native-epoll, or"
                    + " netty-transport-native-kqueue on macOS");
        }
        if (uri.getHost() == null
                && uri.getSocket() == null
                && uri.getSentinels().isEmpty()) {
            throw new IllegalArgumentException("the URI names neither a Redis nor sentinels");
        }
        return uri;
    }

    static boolean isOfCluster(String text) {
        return text.startsWith(CLUSTER) || text.startsWith(CLUSTER_TLS);
    }

    /** Reads {@code redis-cluster://user:password@host:port,host:port}, or the same with {@code rediss-cluster}. */
    static List<RedisURI> parseCluster(String text) {
        String scheme = text.startsWith(CLUSTER) ? "redis://" : "rediss://";
        String rest = text.substring(text.indexOf("://") + 3);
        int at = rest.lastIndexOf('@');
        String credentials = rest.substring(0, at + 1);
        List<RedisURI> seeds = new ArrayList<>();
        for (String host : rest.substring(at + 1).split(",", -1)) {
            seeds.add(parse(scheme + credentials + host));
        }
        return seeds;
    }

    static List<RedisURI> seeds(Collection<RedisURI> seeds) {
        List<RedisURI> all = List.copyOf(seeds);
        if (all.isEmpty() || all.stream().anyMatch(seed -> seed.getHost() == null)) {
            throw new IllegalArgumentException("a cluster needs at least one node, and each a host");
        }
        return all;
    }

    /** For messages and logs. */
    static String describe(List<RedisURI> seeds) {
        return seeds.stream()
                .map(seed -> seed.getHost() + ":" + seed.getPort())
                .collect(Collectors.joining(",", "redis-cluster://", ""));
    }

    /** The same with a client name, unless it has one. */
    static RedisURI named(RedisURI uri, String name) {
        if (uri.getClientName() != null) {
            return uri;
        }
        RedisURI named = uri.getSentinels().isEmpty() ? RedisURI.builder(uri).build() : copyOfSentinels(uri);
        named.setClientName(name);
        return named;
    }

    /** The driver cannot copy these. */
    private static RedisURI copyOfSentinels(RedisURI uri) {
        RedisURI copy = new RedisURI();
        copy.setSentinelMasterId(uri.getSentinelMasterId());
        copy.getSentinels().addAll(uri.getSentinels());
        copy.applyAuthentication(uri);
        copy.applySsl(uri);
        copy.setDatabase(uri.getDatabase());
        copy.setTimeout(uri.getTimeout());
        copy.setDriverInfo(uri.getDriverInfo());
        return copy;
    }

    /** The server of a URI that names one. */
    static String node(RedisURI uri) {
        return uri.getSocket() != null ? uri.getSocket() : uri.getHost() + ":" + uri.getPort();
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
