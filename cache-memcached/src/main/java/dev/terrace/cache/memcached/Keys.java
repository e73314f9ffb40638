package dev.terrace.cache.memcached;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Base64;

/**
 * What the items of one cache are called. Whatever is asked for, a name is of {@code [!-~]} and at most 250 characters, so that none
 * can end a line and begin a command; what would not be is hashed, under a letter of its own.
 */
final class Keys {

    private static final int LONGEST = 250;
    private static final int LONGEST_CACHE = 40;
    private static final int HASH_BYTES = 16;

    private final String cache;
    private final String records;

    /** @param namespace what the names of a tier begin with, or nothing */
    Keys(String namespace, String cacheName) {
        String whole = namespace.isEmpty() ? cacheName : namespace + "/" + cacheName;
        this.cache = whole.length() <= LONGEST_CACHE ? whole : "#" + hash(whole);
        this.records = "t:" + cache + ":";
    }

    String record(String key) {
        return isPlain(key) ? records.concat(key) : name('t', 'T', key);
    }

    String lease(String key) {
        return name('l', 'L', key);
    }

    String marker(String tag) {
        return name('m', 'M', tag);
    }

    String counter() {
        return "s:" + cache;
    }

    private String name(char plain, char hashed, String key) {
        return isPlain(key) ? plain + ":" + cache + ":" + key : hashed + ":" + cache + ":" + hash(key);
    }

    private boolean isPlain(String key) {
        return isPrintable(key) && cache.length() + key.length() + 3 <= LONGEST;
    }

    private static boolean isPrintable(String key) {
        for (int i = 0; i < key.length(); i++) {
            if (key.charAt(i) < '!' || key.charAt(i) > '~') {
                return false;
            }
        }
        return !key.isEmpty();
    }

    private static String hash(String text) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
            return Base64.getUrlEncoder().withoutPadding().encodeToString(Arrays.copyOf(hash, HASH_BYTES));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has SHA-256", e);
        }
    }
}
