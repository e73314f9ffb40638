package dev.terrace.cache.redis;

import java.util.Collection;
import java.util.concurrent.CompletableFuture;

/** How a server is made to tell of changes on one connection. Each question is asked when the one before was answered. */
interface Telling {

    /** Sees to it that the server can tell. */
    CompletableFuture<?> greet();

    /** Asks it to tell of what belongs to these caches. */
    CompletableFuture<?> begin(Collection<RedisKeys> caches);

    /** Asks it not to tell of a cache any more. */
    CompletableFuture<?> end(RedisKeys cache);

    /** Asks something whose answer is handled after all that the server had to tell when it was asked. */
    CompletableFuture<?> confirm();

    /** Who is told, by one thread, in the order in which the server does. */
    interface Told {

        /** A key of Redis was changed. */
        void changed(String key);

        /** A key of Redis was changed by this node, which has the outcome or will have it. */
        void changedHere(String key);

        /** Any key may have been changed. */
        void changedAll();

        /** What was told was not understood: a change may have gone unnoticed. */
        void unclear(RuntimeException failure);
    }
}
