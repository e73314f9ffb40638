package dev.terrace.cache.strategy;

import dev.terrace.cache.spi.Journal;
import dev.terrace.cache.spi.JournalException;
import dev.terrace.cache.spi.JournalLog;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.regex.Pattern;

/**
 * A journal in a local directory: segment files of checksummed records, mapped into memory. What was appended survives the end
 * of the process at once. Against the end of the machine (power, kernel) it is forced to the disk:
 *
 * <table>
 * <caption>When the disk has it</caption>
 * <tr><td>{@link #syncEvery}</td><td>a put returns at once; a power failure loses the puts of the last interval. Default, every
 *     10 ms.</td></tr>
 * <tr><td>{@link #syncEachWrite}</td><td>a put returns when the disk has it; puts of many threads share one force.</td></tr>
 * </table>
 *
 * <p>One process at a time may have a queue open. Room on the disk is taken a segment ahead, with zeros, so that a full disk is an
 * error of the put that finds no room and not of one that returned. After a crash the last segment is read up to the first record
 * that is not whole, and what is dropped there is logged and erased; damage elsewhere is an error, since it would lose what was
 * acknowledged.
 */
public final class FileJournal implements Journal {

    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9._-]+");
    private static final int SEGMENT_BYTES = 8 << 20;

    private final Path directory;
    private final Duration interval;
    private final int segmentBytes;

    private FileJournal(Path directory, Duration interval, int segmentBytes) {
        this.directory = Objects.requireNonNull(directory, "directory");
        this.interval = interval;
        this.segmentBytes = segmentBytes;
    }

    /** Keeps logs in this directory, one subdirectory each, forced to the disk every 10 ms. */
    public static FileJournal in(Path directory) {
        return new FileJournal(directory, Duration.ofMillis(10), SEGMENT_BYTES);
    }

    /** This journal, forced to the disk that often where there is something new. */
    public FileJournal syncEvery(Duration time) {
        Objects.requireNonNull(time, "syncEvery");
        if (time.isNegative() || time.isZero()) {
            throw new IllegalArgumentException("syncEvery: must be positive, not " + time);
        }
        return new FileJournal(directory, time, segmentBytes);
    }

    /**
     * This journal, with puts that return when the disk has them, within {@link WriteBehindBuilder#longestWait}.
     */
    public FileJournal syncEachWrite() {
        return new FileJournal(directory, Duration.ZERO, segmentBytes);
    }

    /** This journal with files of that size, of which there are at least two; a record must fit. Default 8 MiB. */
    public FileJournal segmentBytes(int bytes) {
        if (bytes < 4_096) {
            throw new IllegalArgumentException("segmentBytes: must be at least 4096, not " + bytes);
        }
        return new FileJournal(directory, interval, bytes);
    }

    @Override
    public JournalLog open(String queue) {
        if (!NAME.matcher(queue).matches() || queue.startsWith(".")) {
            throw new IllegalArgumentException("queue: must be of A-Z a-z 0-9 . _ -, not \"" + queue + "\"");
        }
        Path place = directory.resolve(queue);
        try {
            Files.createDirectories(place);
        } catch (IOException e) {
            throw new JournalException("journal " + place + ": the directory cannot be made (" + e + ")", e);
        }
        return FileLog.open(place, segmentBytes, interval);
    }

    @Override
    public String toString() {
        return "FileJournal[" + directory + ", " + (interval.isZero() ? "sync each write" : "sync every " + interval)
                + "]";
    }
}
