/** The named caching strategies, around any cache. */
module dev.terrace.cache.strategies {
    requires static transitive org.jspecify;
    requires transitive dev.terrace.cache;
    requires org.slf4j;

    exports dev.terrace.cache.strategy;
}
