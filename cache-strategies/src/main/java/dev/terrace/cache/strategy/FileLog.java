package dev.terrace.cache.strategy;

import dev.terrace.cache.spi.JournalException;
import dev.terrace.cache.spi.JournalLog;
import dev.terrace.cache.strategy.Segment.Place;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * See {@link FileJournal}. Appends copy into the current segment under a lock; a thread of its own makes segments ahead, forces
 * them to the disk and removes those in which everything was dropped. Segments are removed oldest first, so that no drop goes
 * before what it dropped; what keeps an old segment alone is copied to the newest.
 */
final class FileLog implements JournalLog {

    private static final Logger LOG = LoggerFactory.getLogger("dev.terrace.cache.strategy");
    private static final Duration ROOM_WAIT = Duration.ofSeconds(10);
    private static final Duration IDLE = Duration.ofSeconds(1);
    private static final byte[] NOTHING = {};
    /** How many records are copied at a time out of an old segment, where there are more segments than that. */
    private static final int FEW = 1_000;

    private static final int MANY_SEGMENTS = 4;

    private final Path directory;
    private final int segmentBytes;
    private final Duration interval;
    private final FileChannel lockChannel;
    private final long origin;
    private final List<Entry> recovered;
    private final Thread thread;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition work = lock.newCondition();
    private final Condition roomOrClosed = lock.newCondition();
    private final Deque<Segment> segments = new ArrayDeque<>();
    /** In the order in which they lie in the segments. */
    private final Map<Long, Place> live = new LinkedHashMap<>();

    private final Map<Long, CompletableFuture<Void>> waiting = new LinkedHashMap<>();
    private @Nullable Segment spare;
    private @Nullable Throwable spareFailure;
    private @Nullable Throwable failure;
    private long numbers;
    private long durableTo;
    private long liveBytes;
    /** Records and drops so far, and how many of them were forced. */
    private long changes;

    private long forcedChanges;
    private boolean idle;
    private boolean closed;

    private FileLog(Opened opened, int segmentBytes, Duration interval) {
        this.directory = opened.directory;
        this.lockChannel = opened.lockChannel;
        this.segmentBytes = segmentBytes;
        this.interval = interval;
        this.origin = opened.origin;
        this.recovered = opened.entries();
        opened.live.forEach(this::addLive);
        this.segments.addAll(opened.segments);
        this.segments.add(opened.current);
        this.numbers = opened.highest;
        this.durableTo = opened.highest;
        this.thread = new Thread(null, this::run, "terrace-journal-" + directory.getFileName(), 0, false);
        thread.setDaemon(true);
        thread.setContextClassLoader(FileLog.class.getClassLoader());
    }

    static FileLog open(Path directory, int segmentBytes, Duration interval) {
        FileChannel lockChannel = locked(directory);
        try {
            FileLog log = new FileLog(Opened.read(directory, lockChannel, segmentBytes), segmentBytes, interval);
            log.thread.start();
            return log;
        } catch (IOException e) {
            close(lockChannel);
            throw new JournalException("journal " + directory + " cannot be used: " + e, e);
        } catch (RuntimeException e) {
            close(lockChannel);
            throw e;
        }
    }

    private static FileChannel locked(Path directory) {
        Path file = directory.resolve("lock");
        FileChannel channel;
        try {
            channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        } catch (IOException e) {
            throw new JournalException("journal " + directory + " cannot be written: " + e, e);
        }
        try {
            FileLock held = channel.tryLock();
            if (held != null) {
                return channel;
            }
        } catch (OverlappingFileLockException | IOException e) {
            close(channel);
            throw new JournalException(
                    "journal " + directory + " is open already: one process, and one queue in it, at a time", e);
        }
        close(channel);
        throw new JournalException("journal " + directory + " is open in another process: one at a time", null);
    }

    private static void close(FileChannel channel) {
        try {
            channel.close();
        } catch (IOException e) {
            LOG.debug("A journal's lock could not be closed", e);
        }
    }

    /** What was found in the directory. */
    private static final class Opened {

        private final Path directory;
        private final FileChannel lockChannel;
        private final Map<Long, Place> live = new TreeMap<>();
        private final List<Segment> segments = new ArrayList<>();
        private final Segment current;
        private long origin;
        private long highest;

        private Opened(Path directory, FileChannel lockChannel, int segmentBytes) throws IOException {
            this.directory = directory;
            this.lockChannel = lockChannel;
            List<Path> files;
            try (Stream<Path> all = Files.list(directory)) {
                files = all.filter(file -> file.getFileName().toString().endsWith(".journal"))
                        .sorted()
                        .toList();
            }
            int last = files.size() - 1;
            while (last > 0 && isUnused(files.get(last))) {
                last--;
            }
            for (int i = 0; i < files.size(); i++) {
                read(files.get(i), i >= last);
            }
            while (!segments.isEmpty() && segments.get(0).live == 0) {
                Files.delete(segments.remove(0).file);
            }
            if (origin == 0) {
                origin = ThreadLocalRandom.current().nextLong() | 1;
            }
            long sequence = files.isEmpty() ? 1 : sequence(files.get(files.size() - 1)) + 1;
            // Numbers go on above those that were dropped long ago, too.
            highest = Math.max(highest, sequence << 32);
            current = Segment.create(directory, origin, sequence, segmentBytes);
        }

        static Opened read(Path directory, FileChannel lockChannel, int segmentBytes) throws IOException {
            return new Opened(directory, lockChannel, segmentBytes);
        }

        private static long sequence(Path file) {
            return Long.parseUnsignedLong(file.getFileName().toString().substring(0, 16), 16);
        }

        /** One that was made ahead: a crash in the middle of a record leaves such a file behind the last one that was written. */
        private static boolean isUnused(Path file) throws IOException {
            AtomicInteger records = new AtomicInteger();
            int rest = Segment.read(file).readAll((kind, number, offset, length) -> records.incrementAndGet());
            return rest == 0 && records.get() == 0;
        }

        private void read(Path file, boolean last) throws IOException {
            Segment segment = Segment.read(file);
            origin = segment.origin();
            segments.add(segment);
            int rest = segment.readAll((kind, number, offset, length) -> {
                highest = Math.max(highest, number);
                Place before = kind == Segment.DROP
                        ? live.remove(number)
                        : live.put(number, new Place(segment, offset, length));
                if (before != null) {
                    before.segment().live--;
                }
                if (kind == Segment.APPEND) {
                    segment.live++;
                }
            });
            if (rest > 0 && !last) {
                throw new JournalException(
                        "journal file " + file + " is damaged at byte " + segment.end()
                                + ", and is not the last one: what was acknowledged may be in the damaged part;"
                                + " nothing was changed",
                        null);
            }
            if (rest > 0) {
                LOG.warn(
                        "journal file {}: the record at byte {} is not whole; it and what follows, {} bytes, were not"
                                + " recovered",
                        file,
                        segment.end(),
                        rest);
                // Else it would be damage in front of what is appended from now on.
                segment.erase(rest);
            }
        }

        List<Entry> entries() {
            List<Entry> entries = new ArrayList<>();
            live.forEach((number, place) ->
                    entries.add(new Entry(number, place.segment().payload(place))));
            return entries;
        }
    }

    @Override
    public long origin() {
        return origin;
    }

    @Override
    public List<Entry> recovered() {
        return recovered;
    }

    @Override
    public long append(byte[] record) {
        if (!Segment.fits(record.length, segmentBytes)) {
            throw new JournalException(
                    "journal " + directory + ": a record of " + record.length + " bytes does not fit into a segment of "
                            + segmentBytes,
                    null);
        }
        lock.lock();
        try {
            checkUsable();
            Segment current = withRoom(record.length);
            long number = ++numbers;
            addLive(number, current.append(Segment.APPEND, number, record));
            current.live++;
            changed();
            return number;
        } finally {
            lock.unlock();
        }
    }

    private void addLive(long number, Place place) {
        live.put(number, place);
        liveBytes += Segment.bytes(place.length());
    }

    private void changed() {
        changes++;
        if (idle) {
            idle = false;
            work.signal();
        }
    }

    private void checkUsable() {
        if (closed) {
            throw new JournalException("journal " + directory + " is closed", null);
        }
        if (failure != null) {
            throw new JournalException("journal " + directory + " has failed: " + failure, failure);
        }
    }

    /** The current segment, or the next one where that is full. */
    private Segment withRoom(int payload) {
        Segment current = segments.getLast();
        if (current.hasRoom(payload)) {
            return current;
        }
        long nanos = ROOM_WAIT.toNanos();
        boolean interrupted = false;
        while (spare == null && spareFailure == null && !closed && nanos > 0) {
            work.signal();
            try {
                nanos = roomOrClosed.awaitNanos(nanos);
            } catch (InterruptedException e) {
                interrupted = true;
                nanos = 0;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        // While it waited another may have found room.
        current = segments.getLast();
        if (current.hasRoom(payload)) {
            return current;
        }
        Segment next = spare;
        if (next == null) {
            Throwable cause = spareFailure;
            spareFailure = null;
            work.signal();
            throw new JournalException("journal " + directory + " has no room: " + cause, cause);
        }
        spare = null;
        segments.addLast(next);
        work.signal();
        return next;
    }

    @Override
    public CompletionStage<Void> durable(long number) {
        if (!interval.isZero()) {
            return CompletableFuture.completedFuture(null);
        }
        lock.lock();
        try {
            if (number <= durableTo) {
                return CompletableFuture.completedFuture(null);
            }
            if (failure != null || closed) {
                return CompletableFuture.failedFuture(
                        new JournalException("journal " + directory + " has failed or is closed", failure));
            }
            work.signal();
            return waiting.computeIfAbsent(number, each -> new CompletableFuture<>());
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void drop(long number) {
        lock.lock();
        try {
            Place place = live.remove(number);
            if (place == null || closed || failure != null) {
                return;
            }
            place.segment().live--;
            liveBytes -= Segment.bytes(place.length());
            withRoom(0).append(Segment.DROP, number, NOTHING);
            changed();
            emptyOldest();
        } catch (JournalException noRoom) {
            // It comes back after a restart.
            LOG.warn(
                    "journal {}: what was written is not marked as such and will be written again after a restart",
                    directory,
                    noRoom);
        } finally {
            lock.unlock();
        }
    }

    /**
     * Copies what keeps the oldest segment to the newest one, where less than half of all segments is in use: else what is copied
     * would fill them faster than what is appended.
     */
    private void emptyOldest() {
        Segment oldest = segments.getFirst();
        if (segments.size() <= MANY_SEGMENTS
                || oldest.live == 0
                || liveBytes > (long) segments.size() * segmentBytes / 2) {
            return;
        }
        List<Long> kept = new ArrayList<>();
        for (Map.Entry<Long, Place> each : live.entrySet()) {
            if (kept.size() == Math.min(FEW, oldest.live)) {
                break;
            }
            if (each.getValue().segment() == oldest) {
                kept.add(each.getKey());
            }
        }
        for (Long number : kept) {
            Place place = live.get(number);
            if (place == null || !segments.getLast().hasRoom(place.length())) {
                return;
            }
            live.remove(number);
            live.put(number, segments.getLast().append(Segment.APPEND, number, oldest.payload(place)));
            segments.getLast().live++;
            oldest.live--;
        }
    }

    private void run() {
        boolean goOn = true;
        while (goOn) {
            try {
                goOn = workOnce();
            } catch (RuntimeException | Error | IOException e) {
                failed(e);
                goOn = false;
            }
        }
    }

    private record Work(
            List<Segment> toForce, int lastEnd, long upTo, long changes, boolean makeSpare, List<Segment> toRemove) {}

    private boolean workOnce() throws IOException {
        Work todo = awaitWork();
        if (todo == null) {
            return false;
        }
        if (todo.makeSpare) {
            makeSpare();
        }
        for (int i = 0; i < todo.toForce.size(); i++) {
            Segment segment = todo.toForce.get(i);
            segment.force(i == todo.toForce.size() - 1 ? todo.lastEnd : segment.end());
        }
        forced(todo.upTo, todo.changes);
        for (Segment segment : todo.toRemove) {
            Files.deleteIfExists(segment.file);
        }
        return true;
    }

    /** What is to be done outside the lock; null once closed. */
    @SuppressWarnings("WaitNotInLoop") // The caller loops, and a wake-up without reason costs a look.
    private @Nullable Work awaitWork() {
        lock.lock();
        try {
            if (!closed && spare != null && waiting.isEmpty()) {
                idle = changes == forcedChanges || interval.isZero();
                work.await(idle ? IDLE.toNanos() : interval.toNanos(), TimeUnit.NANOSECONDS);
                idle = false;
            }
            if (closed) {
                return null;
            }
            List<Segment> removed = new ArrayList<>();
            while (segments.size() > 1 && segments.getFirst().live == 0) {
                // Its drops are of records in it or before it.
                removed.add(segments.removeFirst());
            }
            return new Work(
                    List.copyOf(segments),
                    segments.getLast().end(),
                    numbers,
                    changes,
                    spare == null && spareFailure == null,
                    removed);
        } catch (InterruptedException e) {
            return closed ? null : new Work(List.of(), 0, durableTo, forcedChanges, false, List.of());
        } finally {
            lock.unlock();
        }
    }

    private void makeSpare() {
        long sequence;
        lock.lock();
        try {
            sequence = segments.getLast().sequence + 1;
        } finally {
            lock.unlock();
        }
        Segment made = null;
        Throwable thrown = null;
        try {
            made = Segment.create(directory, origin, sequence, segmentBytes);
        } catch (IOException | RuntimeException e) {
            thrown = e;
        }
        lock.lock();
        try {
            spare = made;
            spareFailure = thrown;
            roomOrClosed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void forced(long upTo, long upToChange) {
        List<CompletableFuture<Void>> done = new ArrayList<>();
        lock.lock();
        try {
            durableTo = Math.max(durableTo, upTo);
            forcedChanges = Math.max(forcedChanges, upToChange);
            Iterator<Map.Entry<Long, CompletableFuture<Void>>> each =
                    waiting.entrySet().iterator();
            while (each.hasNext()) {
                Map.Entry<Long, CompletableFuture<Void>> one = each.next();
                if (one.getKey() <= upTo) {
                    done.add(one.getValue());
                    each.remove();
                }
            }
        } finally {
            lock.unlock();
        }
        done.forEach(one -> one.complete(null));
    }

    /** Nothing is accepted any more: what is on the disk is not known. */
    private void failed(Throwable thrown) {
        List<CompletableFuture<Void>> waiters;
        lock.lock();
        try {
            failure = thrown;
            waiters = List.copyOf(waiting.values());
            waiting.clear();
            roomOrClosed.signalAll();
        } finally {
            lock.unlock();
        }
        LOG.error("journal {} has failed; nothing more is accepted", directory, thrown);
        JournalException told = new JournalException("journal " + directory + " has failed: " + thrown, thrown);
        waiters.forEach(one -> one.completeExceptionally(told));
    }

    @Override
    public void close() {
        List<Segment> remaining;
        int end;
        long upTo;
        lock.lock();
        try {
            if (closed) {
                return;
            }
            closed = true;
            remaining = List.copyOf(segments);
            end = segments.getLast().end();
            upTo = numbers;
            work.signalAll();
            roomOrClosed.signalAll();
        } finally {
            lock.unlock();
        }
        try {
            thread.join(ROOM_WAIT.toMillis());
            for (int i = 0; i < remaining.size(); i++) {
                remaining
                        .get(i)
                        .force(
                                i == remaining.size() - 1
                                        ? end
                                        : remaining.get(i).end());
            }
            forced(upTo, forcedChanges);
            Segment unused = spare;
            if (unused != null) {
                Files.deleteIfExists(unused.file);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException | IOException e) {
            failed(e);
        } finally {
            close(lockChannel);
        }
    }

    @Override
    public String toString() {
        return "journal " + directory;
    }
}
