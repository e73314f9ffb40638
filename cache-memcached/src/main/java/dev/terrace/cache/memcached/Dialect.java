package dev.terrace.cache.memcached;

import java.nio.ByteBuffer;
import java.util.List;

/** A protocol of memcached. Stateless. */
interface Dialect {

    /** Its name for logs and settings. */
    String name();

    /** Whether one request can read an item and leave a stub where there is none. */
    boolean leavesStubs();

    /** All requests as they go over the wire. */
    byte[] encode(List<Ask> asks);

    /**
     * Reads the replies to these requests.
     *
     * @param largest what a value may have at most, in bytes; a server that announces more does not speak the protocol
     */
    Replies<Reply> replies(List<Ask> asks, int largest);

    /** These requests, together. */
    default Question<Reply> question(List<Ask> asks, int largest) {
        return new Question<>(encode(asks), asks.size(), replies(asks, largest));
    }

    /** The whole items under these names, in as few words as the protocol has for them. */
    <T> Question<T> whole(List<String> names, Items<T> items, int largest);

    /**
     * Some requests.
     *
     * @param bytes as they go over the wire
     * @param requests how many they are
     * @param replies to be read by
     */
    record Question<T>(byte[] bytes, int requests, Replies<T> replies) {}

    /** What becomes of items. */
    interface Items<T> {

        /** @param bytes for the receiver to keep or change */
        T found(String name, int flags, long cas, byte[] bytes);

        T missing();
    }

    /** Reads the replies to some requests, which may come in any pieces. Not thread-safe. */
    interface Replies<T> {

        /**
         * Takes what it can from the buffer.
         *
         * @return whether all replies are complete
         * @throws IllegalStateException if the server does not speak the protocol; the connection is of no use then
         */
        boolean read(ByteBuffer in);

        /**
         * The replies in the order of the requests, once complete.
         *
         * @throws IllegalStateException if the server refused, and a reply cannot say so
         */
        List<T> all();
    }
}
