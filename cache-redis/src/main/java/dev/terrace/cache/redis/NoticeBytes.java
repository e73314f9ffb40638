package dev.terrace.cache.redis;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.terrace.cache.spi.InvalidationBus.Notice;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A notice as it is sent: {@code 'T' 'N' 1}, who sends it, the keys, the markers; each with its length before it. */
final class NoticeBytes {

    private static final byte[] MAGIC = {'T', 'N', 1};

    private NoticeBytes() {}

    /** @param sender who need not be told */
    record Sent(long sender, Notice notice) {}

    static byte[] of(long sender, Notice notice) {
        List<byte[]> keys = bytes(notice.keys());
        List<byte[]> markers = bytes(notice.markers());
        int size = MAGIC.length + Long.BYTES + size(keys) + size(markers);
        ByteBuffer out = ByteBuffer.allocate(size).put(MAGIC).putLong(sender);
        write(keys, out);
        write(markers, out);
        return out.array();
    }

    private static List<byte[]> bytes(List<String> names) {
        return names.stream().map(name -> name.getBytes(UTF_8)).toList();
    }

    private static int size(List<byte[]> names) {
        return Integer.BYTES
                + names.stream().mapToInt(name -> Integer.BYTES + name.length).sum();
    }

    private static void write(List<byte[]> names, ByteBuffer out) {
        out.putInt(names.size());
        names.forEach(name -> out.putInt(name.length).put(name));
    }

    /** Null where it is none. */
    static @Nullable Sent parse(byte[] message) {
        ByteBuffer in = ByteBuffer.wrap(message);
        if (in.remaining() < MAGIC.length + Long.BYTES) {
            return null;
        }
        for (byte expected : MAGIC) {
            if (in.get() != expected) {
                return null;
            }
        }
        long sender = in.getLong();
        List<String> keys = names(in);
        List<String> markers = keys == null ? null : names(in);
        return keys == null || markers == null || in.hasRemaining()
                ? null
                : new Sent(sender, new Notice(keys, markers));
    }

    private static @Nullable List<String> names(ByteBuffer in) {
        if (in.remaining() < Integer.BYTES) {
            return null;
        }
        int count = in.getInt();
        // Each takes four bytes at least, so that no list is larger than its message.
        if (count < 0 || count > in.remaining() / Integer.BYTES) {
            return null;
        }
        List<String> names = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            int length = in.remaining() < Integer.BYTES ? -1 : in.getInt();
            if (length < 0 || length > in.remaining()) {
                return null;
            }
            byte[] name = new byte[length];
            in.get(name);
            names.add(new String(name, UTF_8));
        }
        return names;
    }
}
