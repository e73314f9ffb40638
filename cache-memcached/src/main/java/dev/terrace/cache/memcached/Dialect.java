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

    /** Reads the replies to these requests. */
    Replies replies(List<Ask> asks);

    /** Reads the replies to some requests, which may come in any pieces. Not thread-safe. */
    interface Replies {

        /**
         * Takes what it can from the buffer.
         *
         * @return whether all replies are complete
         * @throws IllegalStateException if the server does not speak the protocol; the connection is of no use then
         */
        boolean read(ByteBuffer in);

        /** The replies in the order of the requests, once complete. */
        List<Reply> all();
    }
}
