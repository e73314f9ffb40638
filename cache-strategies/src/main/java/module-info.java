/** The named caching strategies, around any cache, and annotated repositories. */
module dev.terrace.cache.strategies {
    requires static transitive org.jspecify;
    requires transitive dev.terrace.cache;
    requires org.slf4j;

    exports dev.terrace.cache.annotation;
    exports dev.terrace.cache.proxy;
    exports dev.terrace.cache.strategy;
}
