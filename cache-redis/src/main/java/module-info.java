/** A far tier over Redis, through Lettuce. */
module dev.terrace.cache.redis {
    requires static transitive org.jspecify;
    requires transitive dev.terrace.cache;
    requires transitive lettuce.core;
    requires io.netty.buffer;
    requires io.netty.common;
    requires io.netty.handler;
    requires io.netty.transport;
    requires org.slf4j;

    exports dev.terrace.cache.redis;
    exports dev.terrace.cache.redis.event;
    exports dev.terrace.cache.redis.journal;
    exports dev.terrace.cache.redis.limit;
    exports dev.terrace.cache.redis.lock;
    exports dev.terrace.cache.redis.structure;
}
