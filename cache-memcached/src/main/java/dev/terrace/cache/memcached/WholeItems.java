package dev.terrace.cache.memcached;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads whole items in a protocol of text straight from the bytes: of the many requests that there are, most are these. */
abstract class WholeItems<T> implements Dialect.Replies<T> {

    static final int END_OF_LINE = 2;

    final List<String> names;
    private final Dialect.Items<T> items;
    private final int largest;
    private final List<T> found;

    private @Nullable String refusal;
    private int flags;
    private long cas;
    private @Nullable Arriving value;

    /** @param largest what a value may have at most, in bytes */
    WholeItems(List<String> names, Dialect.Items<T> items, int largest) {
        this.names = names;
        this.items = items;
        this.largest = largest;
        this.found = new ArrayList<>(names.size());
    }

    /** As it goes over the wire. */
    abstract byte[] request();

    @Override
    public final List<T> all() {
        if (refusal != null) {
            throw Records.refused(new Reply.Failed(refusal));
        }
        return found;
    }

    @Override
    public final boolean read(ByteBuffer in) {
        while (value != null || !isOver()) {
            Arriving filling = value;
            boolean went = filling == null ? line(in) : fill(filling, in);
            if (!went) {
                return false;
            }
        }
        return true;
    }

    /** Whether nothing more is to come. */
    abstract boolean isOver();

    /**
     * Takes a line of the protocol.
     *
     * @param limit where the bytes end
     * @return where the line ends, or −1 where it is not all there or no such line
     */
    abstract int taken(byte[] bytes, int start, int limit);

    /** The server has refused a request. */
    abstract void refused();

    /** The index of the name of what comes next, unless it is not there. */
    final int next() {
        return found.size();
    }

    /** The names up to that one have nothing. */
    final void missing(int end) {
        while (found.size() < end) {
            found.add(items.missing());
        }
    }

    /** The value of the next name begins after this line. */
    final void announced(int flags, long cas, int length) {
        this.flags = flags;
        this.cas = cas;
        this.value = new Arriving(length);
    }

    /** Reads one line, or nothing where it is not all there. */
    private boolean line(ByteBuffer in) {
        byte[] bytes = in.array();
        int start = in.arrayOffset() + in.position();
        int limit = in.arrayOffset() + in.limit();
        int end = taken(bytes, start, limit);
        if (end < 0) {
            return otherLine(in, bytes, start, limit);
        }
        in.position(end - in.arrayOffset());
        return true;
    }

    private boolean fill(Arriving filling, ByteBuffer in) {
        if (!filling.fill(in) || in.remaining() < END_OF_LINE) {
            return false;
        }
        if (in.get() != '\r' || in.get() != '\n') {
            throw new IllegalStateException("a value does not end where it should");
        }
        value = null;
        found.add(items.found(names.get(found.size()), flags, cas, filling.bytes()));
        return true;
    }

    /** A refusal, a line that is not all there, or what is no reply. */
    private boolean otherLine(ByteBuffer in, byte[] bytes, int start, int limit) {
        int end = start;
        while (end < limit && bytes[end] != '\n') {
            end++;
        }
        if (end == limit) {
            return false;
        }
        String line = new String(bytes, start, end - start, StandardCharsets.ISO_8859_1).stripTrailing();
        if (!TextDialect.isRefusal(line)) {
            throw TextDialect.unexpected(line);
        }
        in.position(end + 1 - in.arrayOffset());
        refusal = line;
        refused();
        return true;
    }

    /** Where the digits end that begin there. */
    static int digits(byte[] bytes, int start, int limit) {
        int at = start;
        while (at < limit && bytes[at] >= '0' && bytes[at] <= '9') {
            at++;
        }
        return at;
    }

    /** What digits say, of 64 bits. */
    static long number(byte[] bytes, int start, int end) {
        long number = 0;
        for (int i = start; i < end; i++) {
            number = number * 10 + (bytes[i] - '0');
        }
        return number;
    }

    /** Whether a value may be so long. */
    final boolean isLength(long length) {
        return length >= 0 && length <= largest;
    }

    static boolean begins(byte[] bytes, int start, int limit, byte[] with) {
        return limit - start >= with.length && Arrays.equals(bytes, start, start + with.length, with, 0, with.length);
    }

    static boolean endsLine(byte[] bytes, int at, int limit) {
        return at + 1 < limit && bytes[at] == '\r' && bytes[at + 1] == '\n';
    }

    @SuppressWarnings("deprecation") // of ASCII, the fastest way
    static int write(String name, byte[] bytes, int at) {
        name.getBytes(0, name.length(), bytes, at);
        return at + name.length();
    }

    static int write(byte[] text, byte[] bytes, int at) {
        System.arraycopy(text, 0, bytes, at, text.length);
        return at + text.length;
    }

    static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
