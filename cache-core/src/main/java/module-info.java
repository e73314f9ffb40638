/** The cache itself, its codecs that need no library, and what a far tier implements. */
module dev.terrace.cache {
    requires static transitive org.jspecify;
    requires com.github.benmanes.caffeine;
    requires org.slf4j;

    exports dev.terrace.cache;
    exports dev.terrace.cache.codec;
    exports dev.terrace.cache.spi;
}
