package dev.terrace.cache.redis;

import dev.terrace.cache.spi.ChangeFeed;
import dev.terrace.cache.spi.FarStore.MarkerReading;
import java.nio.charset.StandardCharsets;

/**
 * Under which keys a cache lives. Record and lease of a key share a slot of a cluster, as do the counter and the markers of a
 * cache; only records are under {@code t:}.
 */
final class RedisKeys {

    private static final String PLAIN = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-:/";
    private static final String TAG = "t:";
    /** What is around a name as an argument: a sign, the digits of a length, a brace and two ends of lines. */
    private static final int ARGUMENT_ROOM = 1 + 10 + 1 + 2 * 2;

    private static final String HEX = "0123456789ABCDEF";

    private final String records;
    private final byte[] recordsAscii;
    private final String leases;
    private final String counter;
    private final String markers;
    private final Notices notices;

    /** @param namespace what every key begins with, or the empty string */
    RedisKeys(String namespace, String cacheName) {
        String prefix = namespace.isEmpty() ? "" : namespace + ":";
        this.records = prefix + "t:{" + cacheName + ":";
        this.recordsAscii = records.getBytes(StandardCharsets.US_ASCII);
        this.leases = prefix + "l:{" + cacheName + ":";
        this.counter = prefix + "s:{" + cacheName + "}";
        this.markers = prefix + "m:{" + cacheName + "}:";
        this.notices = new Notices(prefix + "n:{" + cacheName + "}");
    }

    String record(String key) {
        return records + key + "}";
    }

    /** The most bytes that a record's name takes as an argument of a command. */
    int argumentRoom(String key) {
        return recordsAscii.length + key.length() + ARGUMENT_ROOM;
    }

    /** Writes a record's name, which is ASCII, as an argument of a command; returns where that ends. */
    @SuppressWarnings("deprecation") // of ASCII, the fastest way
    int writeArgument(String key, byte[] out, int start) {
        byte[] name = recordsAscii;
        String length = Integer.toString(name.length + key.length() + 1);
        int at = start;
        out[at++] = '$';
        length.getBytes(0, length.length(), out, at);
        at = endLine(out, at + length.length());
        System.arraycopy(name, 0, out, at, name.length);
        at += name.length;
        key.getBytes(0, key.length(), out, at);
        at += key.length();
        out[at++] = '}';
        return endLine(out, at);
    }

    private static int endLine(byte[] out, int at) {
        out[at] = '\r';
        out[at + 1] = '\n';
        return at + 2;
    }

    String lease(String key) {
        return leases + key + "}";
    }

    String counter() {
        return counter;
    }

    String marker(String name) {
        return MarkerReading.ALL.equals(name) ? markers + name : markers + TAG + escaped(name);
    }

    /** What every record's key begins with; no other cache's does. */
    String recordPrefix() {
        return records;
    }

    /** What every marker's key begins with. */
    String markerPrefix() {
        return markers;
    }

    /** How changes of this cache are told by who makes them. */
    Notices notices() {
        return notices;
    }

    /** Tells of a change of a record of this cache by this very node. Returns whether it is one. */
    boolean tellOwn(String changed, ChangeFeed.Listener listener) {
        if (changed.startsWith(records) && changed.endsWith("}")) {
            listener.changedHere(0, changed.substring(records.length(), changed.length() - 1));
            return true;
        }
        return false;
    }

    /** Tells of a change under a key of this cache. Returns whether it is one. */
    boolean tell(String changed, ChangeFeed.Listener listener) {
        if (changed.startsWith(records)) {
            if (changed.endsWith("}")) {
                listener.changed(0, changed.substring(records.length(), changed.length() - 1));
            }
            return true;
        }
        if (changed.startsWith(markers)) {
            String name = changed.substring(markers.length());
            if (name.equals(MarkerReading.ALL)) {
                listener.markerChanged(0, name);
            } else if (name.startsWith(TAG)) {
                listener.markerChanged(0, unescaped(name.substring(TAG.length())));
            }
            return true;
        }
        return false;
    }

    private static String unescaped(String escaped) {
        if (escaped.indexOf('%') < 0) {
            return escaped;
        }
        StringBuilder tag = new StringBuilder(escaped.length());
        for (int i = 0; i < escaped.length(); i++) {
            char c = escaped.charAt(i);
            if (c == '%' && i + 4 < escaped.length()) {
                tag.append((char) Integer.parseInt(escaped, i + 1, i + 5, 16));
                i += 4;
            } else {
                tag.append(c);
            }
        }
        return tag.toString();
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
