package dev.terrace.cache.redis.journal;

import static dev.terrace.cache.redis.journal.StreamLog.ascii;
import static dev.terrace.cache.redis.journal.StreamLog.text;

import dev.terrace.cache.redis.Answer;
import dev.terrace.cache.redis.RedisCallException;
import dev.terrace.cache.redis.RedisScript;
import dev.terrace.cache.redis.SharedRedis;
import dev.terrace.cache.redis.lock.LockGrant;
import dev.terrace.cache.redis.lock.LockOptions;
import dev.terrace.cache.redis.lock.RedisLock;
import dev.terrace.cache.spi.JournalException;
import dev.terrace.cache.spi.SharedLog.Appended;
import dev.terrace.cache.spi.SharedLog.Reader;
import io.lettuce.core.Limit;
import io.lettuce.core.Range;
import io.lettuce.core.StreamMessage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * One stream of a journal: what this process has appended to it, and its tenure where it has one. Appends come from any thread;
 * the rest is done by the journal's thread, but for the end of a tenure, which a timer may find.
 */
final class Partition {

    private static final RedisScript APPEND = script("append.lua");
    private static final RedisScript OWN = script("own.lua");
    private static final RedisScript ASIDE = script("aside.lua");
    private static final RedisScript REMAINING = script("remaining.lua");

    /** How long an owner that nobody here has given anything waits before it looks again. */
    private static final Duration SHORTEST_IDLE = Duration.ofMillis(10);

    private static final Duration LONGEST_IDLE = Duration.ofMillis(160);
    private static final Duration LOOK_AFTER_OWN = Duration.ofMillis(50);
    private static final Duration AFTER_FAILURE = Duration.ofMillis(500);
    private static final Duration FULL_ASIDE = Duration.ofSeconds(10);
    private static final int AT_ONCE = 500;
    /** How many records may be handed out and not be dropped yet. */
    private static final int WINDOW = 2_000;

    private static final int MOST_ASIDE = 10_000;
    /** Redis ends by itself what nobody renews; a holder that is alive renews for as long as it lives. */
    private static final Duration FOR_EVER = Duration.ofDays(10_000);

    private final SharedRedis redis;
    private final Reader reader;
    private final Runnable signal;
    private final List<String> keys;
    private final String aside;
    private final int capacity;
    private final Duration lease;
    private final RedisLock lock;

    private final NavigableMap<Long, CompletableFuture<Void>> own = new ConcurrentSkipListMap<>();
    private final AtomicReference<@Nullable String> epoch = new AtomicReference<>();
    private volatile @Nullable StreamTenure tenure;
    private volatile boolean appended;
    private volatile boolean left;

    private String next = "0-0";
    private Duration idle = SHORTEST_IDLE;
    private long readAt;
    private long acquireAt;
    private long lookAt;

    Partition(SharedRedis redis, String name, RedisStreamJournal.Settings settings, Reader reader, Runnable signal) {
        this.redis = redis;
        this.reader = reader;
        this.signal = signal;
        String stream = redis.key("journal:{" + name + "}");
        this.keys = List.of(stream, stream + ":meta");
        this.aside = stream + ":aside";
        this.capacity = settings.capacity();
        this.lease = settings.lease();
        this.lock = RedisLock.on(
                redis,
                "journal:" + name,
                LockOptions.defaults().lease(lease).renewFor(FOR_EVER).onLost(this::lost));
        long now = System.nanoTime();
        this.readAt = now;
        this.acquireAt = now;
        this.lookAt = now;
    }

    static RedisScript script(String file) {
        return RedisScript.resource(Partition.class, "prelude.lua", file);
    }

    SharedRedis redis() {
        return redis;
    }

    // Appending, from any thread

    CompletionStage<Appended> append(byte[] record) {
        Answer<List<Object>> reply;
        try {
            reply = run("append", APPEND, Frame.of(record), ascii(Integer.toString(capacity)));
        } catch (RuntimeException refused) {
            return CompletableFuture.failedFuture(
                    new JournalException("journal " + this + ": " + refused.getMessage(), refused));
        }
        return reply.handle((answer, failure) -> {
            if (failure != null) {
                throw notAppended(failure);
            }
            if (answer.size() < 3) {
                throw new JournalException("journal " + this + " is full with " + capacity + " records", null);
            }
            long number = Long.parseLong(text(answer.get(2)));
            CompletableFuture<Void> gone = new CompletableFuture<>();
            own.put(number, gone);
            appended = true;
            signal.run();
            return new Appended(number, gone);
        });
    }

    private JournalException notAppended(Throwable failure) {
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        boolean perhaps = cause instanceof RedisCallException call && call.mayHaveHappened();
        return new JournalException(
                "journal " + this + " did not take a record" + (perhaps ? ", or its answer was lost" : "") + ": "
                        + cause.getMessage(),
                cause);
    }

    /** Runs a script, and sees from its answer what others have done to the stream. */
    Answer<List<Object>> run(String name, RedisScript script, byte[]... args) {
        return run(name, script, keys, args);
    }

    private Answer<List<Object>> run(String name, RedisScript script, List<String> all, byte[]... args) {
        return redis.run("journal", name, script, all, args).map(answer -> {
            seen(text(answer.get(0)), (Long) answer.get(1));
            return answer;
        });
    }

    private void seen(String now, long missing) {
        String before = epoch.getAndSet(now);
        if (before != null && !before.equals(now)) {
            JournalException what = new JournalException(
                    "journal " + this + " was deleted, or its Redis has lost it; it goes on empty. This process had "
                            + own.size() + " records in it, of which nobody knows whether they were written",
                    null);
            reader.damaged(what);
            for (Long number : List.copyOf(own.keySet())) {
                CompletableFuture<Void> gone = own.remove(number);
                if (gone != null) {
                    gone.completeExceptionally(what);
                }
            }
        }
        if (missing > 0) {
            reader.damaged(new JournalException(
                    "journal " + this + ": " + missing
                            + " records were removed by somebody else; those that no owner had read will not be written",
                    null));
        }
    }

    /** These are no longer in the stream. */
    void gone(Iterable<Long> numbers) {
        for (Long number : numbers) {
            CompletableFuture<Void> gone = own.remove(number);
            if (gone != null) {
                gone.complete(null);
            }
        }
        signal.run();
    }

    // Owning

    private void lost(LockGrant grant) {
        StreamTenure present = tenure;
        if (present != null && present.fence() == grant.fencingNumber()) {
            present.end();
        }
    }

    void ended(StreamTenure ended) {
        if (tenure == ended) {
            tenure = null;
        }
        reader.ended(ended);
        signal.run();
    }

    /** Asks what is to be asked now. The answers say what is to be done with them, by the journal's thread. */
    void ask(List<CompletableFuture<Runnable>> asked) {
        long now = System.nanoTime();
        StreamTenure present = tenure;
        if (present == null) {
            if (now - acquireAt >= 0) {
                long third = lease.toNanos() / 3;
                acquireAt = now + third / 2 + ThreadLocalRandom.current().nextLong(third / 2 + 1);
                asked.add(acquire());
            }
        } else if (isReadDue(present, now)) {
            appended = false;
            int room = Math.min(AT_ONCE, WINDOW - present.outstanding());
            asked.add(read(present, room));
        }
        if (present != null && present.outstanding() > WINDOW / 2) {
            // What was replaced makes room, also while nothing is written.
            present.dropped();
        }
        if (!own.isEmpty() && now - lookAt >= 0) {
            // An owner knows of what it drops, but not of what was dropped before it came.
            lookAt = now + (present == null ? LOOK_AFTER_OWN : AFTER_FAILURE).toNanos();
            asked.add(look());
        }
    }

    private boolean isReadDue(StreamTenure present, long now) {
        return (appended || now - readAt >= 0) && present.outstanding() < WINDOW;
    }

    long nanosToNext(long now) {
        StreamTenure present = tenure;
        long next = LONGEST_IDLE.toNanos();
        if (present == null) {
            next = Math.min(next, acquireAt - now);
        } else if (present.outstanding() < WINDOW) {
            next = appended ? 0 : Math.min(next, readAt - now);
        }
        return own.isEmpty() ? next : Math.min(next, lookAt - now);
    }

    private CompletableFuture<Runnable> acquire() {
        return lock.tryAcquire().thenCompose(this::own).toCompletableFuture();
    }

    private CompletionStage<Runnable> own(Optional<LockGrant> granted) {
        if (granted.isEmpty()) {
            return CompletableFuture.completedFuture(() -> {});
        }
        LockGrant grant = granted.get();
        return run("own", OWN, ascii(Long.toString(grant.fencingNumber()))).handle((answer, failure) -> {
            if (failure != null || left) {
                grant.release();
                return () -> {};
            }
            return () -> begin(grant);
        });
    }

    private void begin(LockGrant grant) {
        StreamTenure begun = new StreamTenure(this, grant);
        next = "0-0";
        idle = SHORTEST_IDLE;
        readAt = System.nanoTime();
        tenure = begun;
        if (!begun.isHeld()) {
            begun.end();
        }
    }

    private CompletableFuture<Runnable> read(StreamTenure owner, int count) {
        return redis.call(
                        "journal",
                        "read",
                        commands -> commands.xrange(
                                keys.get(0),
                                Range.from(Range.Boundary.including(next), Range.Boundary.unbounded()),
                                Limit.create(0, count)))
                .<Runnable>handle((records, failure) -> {
                    if (failure != null) {
                        return () -> {
                            redis.report("journal", failure);
                            readAt = System.nanoTime() + AFTER_FAILURE.toNanos();
                        };
                    }
                    return () -> handOut(owner, records, count);
                })
                .toCompletableFuture();
    }

    private void handOut(StreamTenure owner, List<StreamMessage<String, byte[]>> records, int asked) {
        for (StreamMessage<String, byte[]> record : records) {
            if (!owner.isHeld()) {
                return;
            }
            String why = handOut(owner, record);
            if (why != null && !putAside(owner, record.getId(), why)) {
                return;
            }
            String[] id = record.getId().split("-", 2);
            next = id[0] + "-" + (Long.parseLong(id[1]) + 1);
        }
        if (records.size() == asked) {
            readAt = System.nanoTime();
        } else {
            idle = !records.isEmpty() ? SHORTEST_IDLE : min(idle.multipliedBy(2), LONGEST_IDLE);
            readAt = System.nanoTime() + idle.toNanos();
        }
    }

    private static Duration min(Duration one, Duration other) {
        return one.compareTo(other) < 0 ? one : other;
    }

    /** @return why it cannot be understood, or null */
    private @Nullable String handOut(StreamTenure owner, StreamMessage<String, byte[]> record) {
        byte[] frame = record.getBody() == null ? null : record.getBody().get(Frame.FIELD);
        if (frame == null || !record.getId().endsWith("-0")) {
            return "it is none of ours";
        }
        String id = record.getId();
        long number = Long.parseLong(id.substring(0, id.length() - 2));
        owner.handedOut();
        try {
            reader.record(owner, number, Frame.content(frame));
            return null;
        } catch (RuntimeException notUnderstood) {
            owner.takenBack();
            return String.valueOf(notUnderstood.getMessage());
        }
    }

    /** @return whether one may go on with the next */
    private boolean putAside(StreamTenure owner, String id, String why) {
        List<Object> answer;
        try {
            answer = run(
                            "aside",
                            ASIDE,
                            List.of(keys.get(0), keys.get(1), aside),
                            ascii(Long.toString(owner.fence())),
                            ascii(id),
                            ascii(why),
                            ascii(Integer.toString(MOST_ASIDE)))
                    .await();
        } catch (RuntimeException failure) {
            redis.report("journal", failure);
            readAt = System.nanoTime() + AFTER_FAILURE.toNanos();
            return false;
        }
        long done = (Long) answer.get(2);
        if (done == 0) {
            owner.end();
        } else if (done < 0) {
            reader.damaged(new JournalException(
                    "journal " + this + ": record " + id + " cannot be understood (" + why + "), and " + aside
                            + " is full with " + MOST_ASIDE + "; what comes after it waits",
                    null));
            readAt = System.nanoTime() + FULL_ASIDE.toNanos();
        } else {
            reader.putAside(new JournalException(
                    "journal " + this + ": record " + id + " is kept in " + aside + ": " + why, null));
        }
        return done > 0;
    }

    /** Looks which of this process' records are still there. */
    private CompletableFuture<Runnable> look() {
        List<Long> mine = new ArrayList<>();
        for (Long number : own.keySet()) {
            mine.add(number);
            if (mine.size() == AT_ONCE) {
                break;
            }
        }
        if (mine.isEmpty()) {
            return CompletableFuture.completedFuture(() -> {});
        }
        return run("remaining", REMAINING, ascii(Long.toString(mine.get(0))), ascii(Integer.toString(AT_ONCE)))
                .<Runnable>map(answer -> () -> looked(mine, answer.subList(2, answer.size())))
                .toCompletableFuture();
    }

    private void looked(List<Long> mine, List<Object> ids) {
        Set<Long> there = new HashSet<>();
        long highest = Long.MAX_VALUE;
        for (Object each : ids) {
            String id = text(each);
            long number = Long.parseLong(id.substring(0, id.indexOf('-')));
            there.add(number);
            highest = number;
        }
        // Of what comes after the last that was looked at nothing is known.
        long known = ids.size() < AT_ONCE ? Long.MAX_VALUE : highest;
        gone(mine.stream()
                .filter(number -> number <= known && !there.contains(number))
                .toList());
    }

    /** Ends the tenure, and knows nothing more of what was appended. */
    CompletableFuture<Boolean> leave() {
        left = true;
        StreamTenure present = tenure;
        CompletableFuture<Boolean> released = present == null ? Answer.now(true) : present.release();
        JournalException closed = new JournalException("journal " + this + " was closed", null);
        own.values().forEach(gone -> gone.completeExceptionally(closed));
        own.clear();
        return released;
    }

    @Override
    public String toString() {
        return keys.get(0);
    }
}
