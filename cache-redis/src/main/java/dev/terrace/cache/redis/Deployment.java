package dev.terrace.cache.redis;

import dev.terrace.cache.spi.FarStore;
import java.time.Duration;

/** The servers of a far tier, be it one or a cluster. */
interface Deployment {

    /** Its name for messages, without credentials. */
    String server();

    /** Begins to connect. */
    void start();

    /** A cache's records. */
    FarStore open(RedisKeys keys, Duration budget, Runnable onClose);

    /** For what else shares the connections. Its end is the end of all. */
    Wire wire();
}
