/** Codecs that need a library. */
module dev.terrace.cache.codecs {
    requires static transitive org.jspecify;
    requires transitive dev.terrace.cache;
    requires transitive com.fasterxml.jackson.databind;

    exports dev.terrace.cache.codec.json;
}
