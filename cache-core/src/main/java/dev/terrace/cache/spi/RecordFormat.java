package dev.terrace.cache.spi;

/**
 * The bytes of a record, format 1. All numbers are big-endian.
 *
 * <pre>
 * offset  bytes  what
 *      0      2  magic "TR"
 *      2      1  format, 1
 *      3      1  state: 0 value, 1 null, 2 tombstone
 *      4      8  version       ┐ identity
 *     12      8  write id      ┘
 *     20      8  source version
 *     28      8  sequence
 *     36      8  fresh until, far milliseconds
 *     44      8  gone at, far milliseconds
 *     52      4  load cost, milliseconds
 *     56      8  codec fingerprint
 *     64         tags: 2 bytes count, then each 2 bytes length and UTF-8
 *                loader state: 2 bytes length (0xFFFF where there is none) and UTF-8
 *                full key: 2 bytes length (0 where the store's key is not a hash) and UTF-8
 *                payload: 4 bytes length and the codec's bytes, which end the record
 * </pre>
 *
 * <p>The first {@link #HEADER_LENGTH} bytes have a fixed place, so that a server-side script can set the version and the
 * times, and a header alone can be read.
 */
public final class RecordFormat {

    /** Where version and write id begin. */
    public static final int IDENTITY_OFFSET = 4;
    /** Length of version and write id together. */
    public static final int IDENTITY_LENGTH = 16;
    /** Where the source version begins. */
    public static final int SOURCE_VERSION_OFFSET = 20;
    /** Where the sequence begins. */
    public static final int SEQ_OFFSET = 28;
    /** Where the end of freshness begins. */
    public static final int FRESH_UNTIL_OFFSET = 36;
    /** Where the end of life begins. */
    public static final int GONE_AT_OFFSET = 44;
    /** Where the load cost begins. */
    public static final int LOAD_COST_OFFSET = 52;

    /** Length of the part with fixed places. */
    public static final int HEADER_LENGTH = 56;

    /** How many tags a record may have. */
    public static final int MAX_TAGS = 100;

    /** How many characters a tag may have; it has at least one. */
    public static final int MAX_TAG_LENGTH = 200;

    /** How many characters the loader's state may have. */
    public static final int MAX_STATE_LENGTH = 1_000;

    /** How many bytes of UTF-8 a full key may have. */
    public static final int MAX_FULL_KEY_BYTES = 0xFFFF;

    private RecordFormat() {}
}
