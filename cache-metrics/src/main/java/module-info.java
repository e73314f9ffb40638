/** Meters, observations and health of caches, through Micrometer. */
module dev.terrace.cache.metrics {
    requires static transitive org.jspecify;
    requires transitive dev.terrace.cache;
    requires transitive micrometer.core;
    requires transitive micrometer.observation;
    requires micrometer.commons;
    requires org.slf4j;

    exports dev.terrace.cache.metrics;
}
