package dev.terrace.cache;

import dev.terrace.cache.codec.Codec;
import java.util.regex.Pattern;

/** What a record remembers of the codec that wrote it. Bytes with another fingerprint are not decoded. */
final class Fingerprint {

    private static final Pattern ID = Pattern.compile("[ -~]{1,100}");

    private Fingerprint() {}

    /**
     * 64 bits of the codec's id and schema, never 0, the same in every process.
     *
     * @throws IllegalArgumentException if the id is not 1 to 100 characters of printable ASCII
     */
    static long of(Codec<?> codec) {
        String id = codec.id();
        if (!ID.matcher(id).matches()) {
            throw new IllegalArgumentException("codec: the id of "
                    + codec.getClass().getName() + " is not 1 to 100 characters of printable ASCII");
        }
        return Codec.fingerprint(id + "\n" + codec.schema());
    }
}
