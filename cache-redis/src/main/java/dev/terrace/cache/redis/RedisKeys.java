package dev.terrace.cache.redis;

import dev.terrace.cache.spi.FarStore.MarkerReading;

/**
 * Under which keys a cache lives. Record and lease of a key share a slot of a cluster, as do the counter and the markers of a
 * cache; only records are under {@code t:}.
 */
final class RedisKeys {

    private static final String PLAIN = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-:/";
    private static final String HEX = "0123456789ABCDEF";

    private final String records;
    private final String leases;
    private final String counter;
    private final String markers;

    /** @param namespace what every key begins with, or the empty string */
    RedisKeys(String namespace, String cacheName) {
        String prefix = namespace.isEmpty() ? "" : namespace + ":";
        this.records = prefix + "t:{" + cacheName + ":";
        this.leases = prefix + "l:{" + cacheName + ":";
        this.counter = prefix + "s:{" + cacheName + "}";
        this.markers = prefix + "m:{" + cacheName + "}:";
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

    /** Tags are free text; whatever is not plain becomes four hexadecimal digits. */
    private static String escaped(String tag) {
        StringBuilder escaped = new StringBuilder(tag.length() + 8);
        for (int i = 0; i < tag.length(); i++) {
            char c = tag.charAt(i);
            if (PLAIN.indexOf(c) >= 0) {
                escaped.append(c);
            } else {
                escaped.append('%');
                for (int shift = 12; shift >= 0; shift -= 4) {
                    escaped.append(HEX.charAt(c >> shift & 0xF));
                }
            }
        }
        return escaped.toString();
    }
}
