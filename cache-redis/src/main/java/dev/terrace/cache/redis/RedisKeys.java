package dev.terrace.cache.redis;

import dev.terrace.cache.spi.FarStore.MarkerReading;

/**
 * Under which keys a cache lives. Record and lease of a key share a slot of a cluster, as do the counter and the markers of a
 * cache; only records are under {@code t:}.
 */
final class RedisKeys {

    private static final String PLAIN = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-:/";

    private final String records;
    private final String leases;
    private final String counter;
    private final String markers;

    RedisKeys(String cacheName) {
        this.records = "t:{" + cacheName + ":";
        this.leases = "l:{" + cacheName + ":";
        this.counter = "s:{" + cacheName + "}";
        this.markers = "m:{" + cacheName + "}:";
    }

    String record(String key) {
        return records + key + "}";
    }

    String lease(String key) {
        return leases + key + "}";
    }

    String counter() {
        return counter;
    }

    String marker(String name) {
        return MarkerReading.ALL.equals(name) ? markers + name : markers + "t:" + escaped(name);
    }

    /** Tags are free text. */
    private static String escaped(String tag) {
        StringBuilder escaped = new StringBuilder(tag.length() + 8);
        for (int i = 0; i < tag.length(); i++) {
            char c = tag.charAt(i);
            if (PLAIN.indexOf(c) >= 0) {
                escaped.append(c);
            } else {
                escaped.append('%').append(String.format("%04X", (int) c));
            }
        }
        return escaped.toString();
    }
}
