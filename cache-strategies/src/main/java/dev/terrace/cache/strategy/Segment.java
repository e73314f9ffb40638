package dev.terrace.cache.strategy;

import dev.terrace.cache.spi.JournalException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.zip.CRC32C;

/**
 * One file of a journal: a header, records, zeros.
 *
 * <p>Header: magic (4 bytes), format (4), origin (8), sequence of the segment (8), checksum of these (4). Record: length of what
 * follows the checksum (4), CRC-32C of that (4), kind (1), number (8), payload. A length of zero ends the segment.
 */
final class Segment {

    static final byte APPEND = 1;
    static final byte DROP = 2;

    private static final int MAGIC = 0x54524a4c;
    private static final int FORMAT = 1;
    private static final int HEADER = 28;
    private static final int RECORD_HEADER = 8;
    private static final int BODY_HEADER = 9;
    private static final int ZEROS = 64 * 1024;

    final Path file;
    final long sequence;
    private final MappedByteBuffer bytes;
    private int end = HEADER;
    private int synced;
    /** Records in this segment that were not dropped. */
    int live;

    private Segment(Path file, long sequence, MappedByteBuffer bytes) {
        this.file = file;
        this.sequence = sequence;
        this.bytes = bytes;
    }

    /** Where a record lies. */
    record Place(Segment segment, int offset, int length) {}

    /** Is given the records of a segment, in order. */
    @FunctionalInterface
    interface Reader {
        void record(byte kind, long number, int offset, int length);
    }

    /** Makes a segment and takes its room on the disk. */
    static Segment create(Path directory, long origin, long sequence, int size) throws IOException {
        Path file = directory.resolve(String.format("%016x.journal", sequence));
        Path unfinished = directory.resolve(file.getFileName() + ".new");
        ByteBuffer header = ByteBuffer.allocate(HEADER);
        header.putInt(MAGIC).putInt(FORMAT).putLong(origin).putLong(sequence);
        header.putInt(checksum(header, 0, HEADER - 4));
        try (FileChannel channel = FileChannel.open(
                unfinished,
                StandardOpenOption.CREATE,
                StandardOpenOption.TRUNCATE_EXISTING,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE)) {
            writeFully(channel, header.flip(), 0);
            for (int at = HEADER; at < size; at += ZEROS) {
                writeFully(channel, ByteBuffer.allocate(Math.min(ZEROS, size - at)), at);
            }
            channel.force(true);
            MappedByteBuffer mapped = channel.map(MapMode.READ_WRITE, 0, size);
            Files.move(unfinished, file);
            Segment segment = new Segment(file, sequence, mapped);
            segment.synced = HEADER;
            return segment;
        } catch (IOException e) {
            Files.deleteIfExists(unfinished);
            throw e;
        }
    }

    private static void writeFully(FileChannel channel, ByteBuffer from, long at) throws IOException {
        long position = at;
        while (from.hasRemaining()) {
            position += channel.write(from, position);
        }
    }

    /** Opens a segment of an earlier process, for reading. */
    static Segment read(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            long size = channel.size();
            if (size < HEADER || size > Integer.MAX_VALUE) {
                throw new JournalException(
                        "journal file " + file + " has no header: it is damaged, or none of ours", null);
            }
            MappedByteBuffer mapped = channel.map(MapMode.READ_ONLY, 0, size);
            if (mapped.getInt(0) != MAGIC || mapped.getInt(HEADER - 4) != checksum(mapped, 0, HEADER - 4)) {
                throw new JournalException(
                        "journal file " + file + " has no header: it is damaged, or none of ours", null);
            }
            if (mapped.getInt(4) != FORMAT) {
                throw new JournalException(
                        "journal file " + file + " is of format " + mapped.getInt(4) + ", this version reads " + FORMAT
                                + ": let the version that wrote it write what is left, then remove it",
                        null);
            }
            Segment segment = new Segment(file, mapped.getLong(16), mapped);
            segment.synced = (int) size;
            return segment;
        }
    }

    long origin() {
        return bytes.getLong(8);
    }

    /** Reads all whole records. Returns how many bytes that are not zero follow them. */
    int readAll(Reader reader) {
        int at = HEADER;
        while (at + RECORD_HEADER <= bytes.capacity()) {
            int length = bytes.getInt(at);
            if (length < BODY_HEADER
                    || length > bytes.capacity() - at - RECORD_HEADER
                    || bytes.getInt(at + 4) != checksum(bytes, at + RECORD_HEADER, length)) {
                break;
            }
            int body = at + RECORD_HEADER;
            reader.record(bytes.get(body), bytes.getLong(body + 1), body + BODY_HEADER, length - BODY_HEADER);
            at = body + length;
        }
        end = at;
        int rest = 0;
        for (int i = bytes.capacity() - 1; i >= at && rest == 0; i--) {
            rest = bytes.get(i) == 0 ? 0 : i - at + 1;
        }
        return rest;
    }

    /** Overwrites so many bytes behind the last whole record with zeros, also on the disk. */
    void erase(int rest) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            writeFully(channel, ByteBuffer.allocate(rest), end);
            channel.force(true);
        }
    }

    /** Whether a record of that many bytes has room. */
    boolean hasRoom(int payload) {
        return end + bytes(payload) <= bytes.capacity();
    }

    static boolean fits(int payload, int segmentBytes) {
        return HEADER + bytes(payload) <= segmentBytes;
    }

    /** What a record takes. */
    static int bytes(int payload) {
        return RECORD_HEADER + BODY_HEADER + payload;
    }

    /** Appends a record that has room. */
    Place append(byte kind, long number, byte[] payload) {
        int body = end + RECORD_HEADER;
        int length = BODY_HEADER + payload.length;
        bytes.put(body, kind);
        bytes.putLong(body + 1, number);
        bytes.put(body + BODY_HEADER, payload);
        bytes.putInt(end + 4, checksum(bytes, body, length));
        // Last: until then the record is not there.
        bytes.putInt(end, length);
        end = body + length;
        return new Place(this, body + BODY_HEADER, payload.length);
    }

    byte[] payload(Place place) {
        byte[] payload = new byte[place.length];
        bytes.get(place.offset, payload);
        return payload;
    }

    int end() {
        return end;
    }

    /** Forces everything up to there to the disk. */
    void force(int upTo) {
        if (upTo > synced) {
            bytes.force(synced, upTo - synced);
            synced = upTo;
        }
    }

    private static int checksum(ByteBuffer bytes, int from, int length) {
        CRC32C checksum = new CRC32C();
        checksum.update(bytes.duplicate().clear().position(from).limit(from + length));
        return (int) checksum.getValue();
    }
}
