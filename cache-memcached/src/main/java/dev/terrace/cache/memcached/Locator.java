package dev.terrace.cache.memcached;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/** On which of several servers a key is. Thread-safe; the same on every node with the same list of servers. */
@FunctionalInterface
interface Locator {

    /** The index of the key's server. */
    int locate(String key);

    static Locator of(MemcachedFarTier.Placement placement, List<Address> servers) {
        if (servers.size() == 1) {
            return key -> 0;
        }
        return placement == MemcachedFarTier.Placement.KETAMA
                ? new Ketama(servers)
                : new Rendezvous(servers.stream().map(Address::toString).toList());
    }

    /**
     * The server whose name scores highest with the key, by MurmurHash3 of {@code name-key}; of equals the one whose name is the
     * later. A server more or less moves only the keys that it gets or had. Weights are not known here.
     */
    final class Rendezvous implements Locator {

        private static final int C1 = 0xcc9e2d51;
        private static final int C2 = 0x1b873593;

        private final List<String> names;
        private final byte[][] prefixes;

        Rendezvous(List<String> names) {
            this.names = names;
            this.prefixes = names.stream()
                    .map(name -> (name + "-").getBytes(StandardCharsets.US_ASCII))
                    .toArray(byte[][]::new);
        }

        @Override
        public int locate(String key) {
            byte[] keyBytes = key.getBytes(StandardCharsets.US_ASCII);
            int best = 0;
            long bestScore = -1;
            for (int i = 0; i < prefixes.length; i++) {
                byte[] all = Arrays.copyOf(prefixes[i], prefixes[i].length + keyBytes.length);
                System.arraycopy(keyBytes, 0, all, prefixes[i].length, keyBytes.length);
                long score = Integer.toUnsignedLong(murmur3(all));
                if (score > bestScore || (score == bestScore && names.get(i).compareTo(names.get(best)) > 0)) {
                    best = i;
                    bestScore = score;
                }
            }
            return best;
        }

        static int murmur3(byte[] data) {
            ByteBuffer in = ByteBuffer.wrap(data).order(ByteOrder.LITTLE_ENDIAN);
            int hash = 0;
            while (in.remaining() >= Integer.BYTES) {
                hash = Integer.rotateLeft(hash ^ mixed(in.getInt()), 13) * 5 + 0xe6546b64;
            }
            int tail = 0;
            for (int shift = 0; in.hasRemaining(); shift += Byte.SIZE) {
                tail |= Byte.toUnsignedInt(in.get()) << shift;
            }
            hash ^= tail == 0 ? 0 : mixed(tail);
            hash ^= data.length;
            hash = (hash ^ hash >>> 16) * 0x85ebca6b;
            hash = (hash ^ hash >>> 13) * 0xc2b2ae35;
            return hash ^ hash >>> 16;
        }

        private static int mixed(int block) {
            return Integer.rotateLeft(block * C1, 15) * C2;
        }
    }

    /**
     * libmemcached's weighted ketama: each server has points on a circle, in proportion to its weight, and a key is on the server
     * of the next point.
     */
    final class Ketama implements Locator {

        private static final float POINTS = 160;
        private static final int POINTS_OF_HASH = 4;

        private final long[] points;
        private final int[] owners;

        Ketama(List<Address> servers) {
            List<long[]> circle = new ArrayList<>();
            long total = servers.stream().mapToLong(Address::weight).sum();
            for (int i = 0; i < servers.size(); i++) {
                // In single precision and rounded down, as there.
                float share = (float) servers.get(i).weight() / (float) total;
                int hashes = (int)
                        Math.floor((float) (share * POINTS / POINTS_OF_HASH * (float) servers.size() + 0.0000000001));
                for (int hash = 0; hash < hashes; hash++) {
                    byte[] digest = md5(pointName(servers.get(i)) + "-" + hash);
                    for (int part = 0; part < POINTS_OF_HASH; part++) {
                        circle.add(new long[] {word(digest, part), i});
                    }
                }
            }
            circle.sort(Comparator.comparingLong(point -> point[0]));
            points = circle.stream().mapToLong(point -> point[0]).toArray();
            owners = circle.stream().mapToInt(point -> (int) point[1]).toArray();
        }

        private static String pointName(Address server) {
            return server.port() == Address.DEFAULT_PORT ? server.host() : server.host() + ":" + server.port();
        }

        @Override
        public int locate(String key) {
            long hash = word(md5(key), 0);
            int low = 0;
            int high = points.length;
            while (low < high) {
                int middle = (low + high) >>> 1;
                if (points[middle] < hash) {
                    low = middle + 1;
                } else {
                    high = middle;
                }
            }
            return owners[low == points.length ? 0 : low];
        }

        private static long word(byte[] digest, int part) {
            return Integer.toUnsignedLong(
                    ByteBuffer.wrap(digest).order(ByteOrder.LITTLE_ENDIAN).getInt(part * Integer.BYTES));
        }

        private static byte[] md5(String text) {
            try {
                return MessageDigest.getInstance("MD5").digest(text.getBytes(StandardCharsets.US_ASCII));
            } catch (NoSuchAlgorithmException e) {
                throw new AssertionError("every Java platform has MD5", e);
            }
        }
    }
}
