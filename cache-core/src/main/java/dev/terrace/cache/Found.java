package dev.terrace.cache;

import dev.terrace.cache.spi.FarReading;
import dev.terrace.cache.spi.FarRecord;

/** What the far tier has of a key, as this cache understands it. */
sealed interface Found<V> {

    /** What was read, to be compared on the server when a lease is asked for. */
    FarReading judged();

    /** Whether there is a value, which only others can read: of another version of the codec, or of another key. */
    default boolean isUnreadable() {
        return this instanceof Missing
                && judged() instanceof FarReading.Found there
                && there.record().content().state() == FarRecord.State.VALUE;
    }

    /** Nothing that may be served: absent, a tombstone, or bytes that are not ours to read. */
    record Missing<V>(FarReading judged) implements Found<V> {}

    /** A value or a cached null; whether it may be served is for {@link Validity} to say. */
    record Present<V>(Entry<V> entry, FarReading judged) implements Found<V> {}
}
