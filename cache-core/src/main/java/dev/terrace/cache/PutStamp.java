package dev.terrace.cache;

/**
 * Which change of its key a {@link AsyncCache#putAhead} made, for {@link AsyncCache#settle}. Opaque and immutable.
 */
public final class PutStamp {

    /** Of a put that no tier is known to hold. */
    public static final PutStamp NONE = new PutStamp(0, 0);

    private final long version;
    private final long writeId;

    PutStamp(long version, long writeId) {
        this.version = version;
        this.writeId = writeId;
    }

    long version() {
        return version;
    }

    long writeId() {
        return writeId;
    }

    boolean isOf(Entry<?> entry) {
        return this != NONE && entry.version == version && entry.writeId == writeId;
    }

    @Override
    public String toString() {
        return this == NONE ? "PutStamp[none]" : "PutStamp[" + version + "]";
    }
}
