package dev.terrace.cache.redis;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * What one cache of one node tells others of its changes, inside the scripts that make them, and how it knows its own. Each
 * cache has a channel; in a cluster each has one per primary, named after it, so that what a primary changes is heard by those
 * who listen there, whichever slots it holds. Thread-safe.
 */
final class Notices {

    private static final byte FORMAT = 1;
    private static final int HEADER = 1 + Long.BYTES;
    private static final long NOBODY = 0;
    private static final String SEPARATOR = " ";

    private final String channel;
    private final long origin;
    private volatile boolean awaited;

    /**
     * What a message says.
     *
     * @param isOwn whether it is of what this node has put or filled
     * @param keys the keys in Redis, of records and markers
     */
    record Notice(boolean isOwn, List<String> keys) {}

    /** @param channel what its channels are called */
    Notices(String channel) {
        this.channel = channel;
        this.origin = ThreadLocalRandom.current().nextLong(1, Long.MAX_VALUE);
    }

    /**
     * Where to listen on one server.
     *
     * @param clusterName its name in its cluster; null where it is alone
     */
    String channel(@Nullable String clusterName) {
        return clusterName == null ? channel : channel + ":" + clusterName;
    }

    /**
     * The last argument of a script that changes something.
     *
     * @param keepsCopy whether this node may keep a copy of what it writes, so that it need not be told of it
     * @param inCluster whether the server is to add its name to the channel's
     */
    byte[] teller(boolean keepsCopy, boolean inCluster) {
        byte[] name = (inCluster ? channel + ":" : channel).getBytes(StandardCharsets.US_ASCII);
        return ByteBuffer.allocate(Long.BYTES + name.length)
                .putLong(keepsCopy ? origin : NOBODY)
                .put(name)
                .array();
    }

    /** Understands a message; null where it is none of a format that is known. */
    @Nullable
    Notice parse(byte[] message) {
        if (message.length < HEADER || message[0] != FORMAT) {
            return null;
        }
        String keys = new String(message, HEADER, message.length - HEADER, StandardCharsets.ISO_8859_1);
        return new Notice(ByteBuffer.wrap(message).getLong(1) == origin, List.of(keys.split(SEPARATOR, -1)));
    }

    /** Whether this node hears of others' fills by notices, so that a lease that it waits for should be marked. */
    boolean isAwaited() {
        return awaited;
    }

    void setAwaited(boolean awaited) {
        this.awaited = awaited;
    }

    @Override
    public String toString() {
        return channel;
    }
}
