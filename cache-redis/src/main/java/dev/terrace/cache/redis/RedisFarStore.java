package dev.terrace.cache.redis;

import dev.terrace.cache.spi.ChangeFeed;
import dev.terrace.cache.spi.FarClock;
import dev.terrace.cache.spi.FarReading;
import dev.terrace.cache.spi.FarRecord;
import dev.terrace.cache.spi.FarStore;
import dev.terrace.cache.spi.RecordBytes;
import dev.terrace.cache.spi.RecordDraft;
import dev.terrace.cache.spi.RecordFormat;
import dev.terrace.cache.spi.SampledFarClock;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.output.CommandOutput;
import io.lettuce.core.output.StatusOutput;
import io.lettuce.core.output.ValueListOutput;
import io.lettuce.core.output.ValueOutput;
import io.lettuce.core.protocol.AsyncCommand;
import io.lettuce.core.protocol.CommandArgs;
import io.lettuce.core.protocol.CommandType;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiConsumer;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;

/**
 * One cache's records in Redis. Whatever changes anything is a script, so that it is atomic, versioned and refused when it
 * comes late; one call of a script serves many keys.
 */
final class RedisFarStore implements FarStore {

    /** Of one command; what is more goes in several, sent together. */
    private static final int MOST_KEYS = 100;

    private static final int MOST_BYTES = 1 << 20;

    /** What {@code lease} and {@code put} answer for something that is no bytes. */
    private static final long NO_BYTES = 2;

    private static final byte[] NOTHING = {};
    private static final byte[] UNCONDITIONALLY = {};
    private static final byte[] WAITS_FOR_NOTICE = {'N'};
    private static final byte[] TOMBSTONE = RecordBytes.encode(new RecordDraft(
            0,
            FarRecord.NO_SOURCE_VERSION,
            0,
            new RecordDraft.Lifetime(Duration.ZERO, Duration.ZERO),
            FarRecord.Attributes.NONE,
            new FarRecord.Content(FarRecord.State.TOMBSTONE, 0, null, ByteBuffer.wrap(NOTHING))));

    private static final long NOW = Long.MIN_VALUE;

    /** The right to do something whenever it arrives. */
    private static final long NO_DEADLINE = 1L << 53;

    private static final long LONGEST_MILLIS = TimeUnit.DAYS.toMillis(36_500);

    private final RedisKeys keys;
    private final RedisConnection connection;
    private final RedisLink.@Nullable Feed feed;
    private final SampledFarClock clock;
    private final Terms terms;
    private final Runnable onClose;
    private final KnownSequence known;
    private final AtomicBoolean closed = new AtomicBoolean();

    /** Where the records are. */
    private enum Place {
        /** All on one server. */
        ALONE,
        /** On one of several, the counter perhaps on another one. */
        IN_CLUSTER,
        /** As before, on a server that is being given the slot. */
        MOVING
    }

    /** @param issuedAt since when a write has its budget, in local nanoseconds; {@link #NOW} for each its own beginning */
    private record Terms(Place place, long budgetMicros, long issuedAt, Outlet outlet) {

        private static Terms of(Place place, Duration budget) {
            return new Terms(place, micros(budget), NOW, Outlet.AT_ONCE);
        }
    }

    /** @param feed null where nothing is told */
    RedisFarStore(
            RedisKeys keys,
            RedisConnection connection,
            RedisLink.@Nullable Feed feed,
            Duration budget,
            Runnable onClose) {
        this(keys, connection, feed, Terms.of(Place.ALONE, budget), new KnownSequence(), onClose);
        if (feed == null) {
            // The link sees to it where there is one.
            NoticeCheck.begin(connection, keys.notices(), false, closed::get);
        }
    }

    private RedisFarStore(
            RedisKeys keys,
            RedisConnection connection,
            RedisLink.@Nullable Feed feed,
            Terms terms,
            KnownSequence known,
            Runnable onClose) {
        this.keys = keys;
        this.feed = feed;
        this.connection = connection;
        this.clock = connection.clock();
        this.terms = terms;
        this.known = known;
        this.onClose = onClose;
    }

    /**
     * The part of a cache that one server of a cluster holds. Keys of one operation must be in one slot.
     *
     * @param known by all servers, since the counter may move
     */
    static RedisFarStore inCluster(RedisKeys keys, RedisConnection connection, Duration budget, KnownSequence known) {
        return new RedisFarStore(keys, connection, null, Terms.of(Place.IN_CLUSTER, budget), known, () -> {});
    }

    /** The same for what was issued before, and has been on its way to another server since. */
    RedisFarStore issuedAt(long localNanos) {
        return on(new Terms(terms.place(), terms.budgetMicros(), localNanos, terms.outlet()));
    }

    /** The same for one of several requests, which go out together. */
    RedisFarStore through(Outlet outlet) {
        return on(new Terms(terms.place(), terms.budgetMicros(), terms.issuedAt(), outlet));
    }

    /** The same for reads from a server that is being given the slot. */
    RedisFarStore asking() {
        return on(new Terms(Place.MOVING, terms.budgetMicros(), terms.issuedAt(), Outlet.AT_ONCE));
    }

    private RedisFarStore on(Terms other) {
        return new RedisFarStore(keys, connection, feed, other, known, onClose);
    }

    private static long micros(Duration budget) {
        return TimeUnit.NANOSECONDS.toMicros(budget.toNanos());
    }

    @Override
    public FarClock clock() {
        return clock;
    }

    @Override
    public CompletionStage<Void> ping() {
        return closed.get() ? closedFailure() : connection.ping();
    }

    @Override
    public CompletionStage<List<FarReading>> read(List<String> wanted) {
        if (wanted.size() == 1) {
            // MGET has nothing to say of what is no bytes.
            return call(session -> single(session, CommandType.GET, new RecordArgs(keys, wanted))
                    .handle((bytes, failure) -> List.of(reading(bytes, failure))));
        }
        return mget(wanted, part -> new ReadingsOutput(part.size()), part -> new RecordArgs(keys, part));
    }

    @Override
    public CompletionStage<List<FarReading>> readHeaders(List<String> wanted) {
        if (wanted.isEmpty()) {
            return CompletableFuture.completedFuture(List.of());
        }
        return call(session -> {
            List<AsyncCommand<String, byte[], byte[]>> commands = mapped(
                    wanted,
                    key -> RedisSession.command(
                            CommandType.GETRANGE,
                            new ValueOutput<>(KeysAndBytes.CODEC),
                            args(List.of(key)).add(0).add(RecordFormat.HEADER_LENGTH - 1)));
            List<CompletableFuture<FarReading>> headers =
                    mapped(commands, command -> command.handle(RedisFarStore::header));
            sent(session, commands);
            return inOrder(headers);
        });
    }

    @Override
    public CompletionStage<List<LeaseReply>> lease(List<LeaseRequest> requests, Duration time) {
        List<LeaseAsked> asked = mapped(
                requests,
                request -> new LeaseAsked(request, ThreadLocalRandom.current().nextLong()));
        byte[] millis = millis(time);
        return script(Script.LEASE, asked, (call, part) -> {
                    call.arg(millis).arg(keys.notices().isAwaited() ? WAITS_FOR_NOTICE : NOTHING);
                    part.forEach(one -> recordAndLease(call, one.request().key())
                            .arg(joined(bytes(one.id()), identity(one.request().judged()))));
                })
                .thenApply(replies -> paired(asked, replies, RedisFarStore::leaseReply));
    }

    private record LeaseAsked(LeaseRequest request, long id) {}

    private static LeaseReply leaseReply(LeaseAsked asked, Reply reply) {
        if (reply instanceof Reply.Late) {
            throw new IllegalStateException("the request for a lease came past its deadline");
        }
        if (reply instanceof Reply.Numeric code && code.value() != NO_BYTES) {
            return code.value() == 1
                    ? new LeaseReply.Granted(new FarLease(asked.request().key(), asked.id()))
                    : new LeaseReply.Busy();
        }
        return new LeaseReply.Changed(current(reply));
    }

    @Override
    public CompletionStage<List<FillReply>> fill(List<FillRequest> requests) {
        return drafts(Script.FILL, requests, FillRequest::draft, (call, encoded) -> {
                    FarLease lease = encoded.request().lease();
                    recordAndLease(call, lease.key()).arg(bytes(lease.id()));
                    encoded.addTo(call);
                })
                .thenApply(replies -> mapped(replies, RedisFarStore::fillReply));
    }

    private static FillReply fillReply(Reply reply) {
        return reply instanceof Reply.Numeric version && version.value() != 0
                ? new FillReply.Stored(version.value())
                : new FillReply.Refused();
    }

    @Override
    public CompletionStage<Void> release(List<FarLease> leases) {
        return script(
                        Script.RELEASE,
                        leases,
                        NO_DEADLINE,
                        (call, part) -> part.forEach(
                                lease -> call.key(keys.lease(lease.key())).arg(bytes(lease.id()))))
                .thenAccept(replies -> {});
    }

    @Override
    public CompletionStage<List<WriteReply>> put(List<PutRequest> requests) {
        return put(requests, UNCONDITIONALLY);
    }

    @Override
    public CompletionStage<WriteReply> putIfUnchanged(PutRequest request, FarReading judged) {
        return put(List.of(request), joined(new byte[] {'J'}, identity(judged))).thenApply(replies -> replies.get(0));
    }

    /** The counter is read where the record is written, which one server allows and a cluster does not. */
    private CompletionStage<List<WriteReply>> put(List<PutRequest> requests, byte[] judged) {
        return drafts(
                        Script.PUT,
                        requests,
                        PutRequest::draft,
                        (call, encoded) -> {
                            recordAndLease(call, encoded.request().key());
                            encoded.addTo(call);
                            call.arg(judged);
                        },
                        call -> {
                            if (terms.place() == Place.ALONE) {
                                call.key(keys.counter());
                            }
                        })
                .thenApply(replies -> mapped(replies, RedisFarStore::putReply));
    }

    private static WriteReply putReply(Reply reply) {
        if (reply instanceof Reply.Late) {
            return new WriteReply.Late();
        }
        if (reply instanceof Reply.Change change) {
            return stored(change);
        }
        return reply instanceof Reply.Numeric code && code.value() != NO_BYTES
                ? new WriteReply.OlderSource()
                : new WriteReply.Changed(current(reply));
    }

    @Override
    public CompletionStage<List<WriteReply>> invalidate(Collection<String> wanted, Duration tombstoneTime) {
        byte[] millis = millis(tombstoneTime);
        return script(Script.INVALIDATE, List.copyOf(wanted), (call, part) -> {
                    call.arg(millis).arg(TOMBSTONE);
                    part.forEach(key -> recordAndLease(call, key)
                            .arg(bytes(ThreadLocalRandom.current().nextLong())));
                })
                .thenApply(replies -> mapped(
                        replies,
                        reply -> reply instanceof Reply.Numeric version
                                ? new WriteReply.Stored(version.value(), 0)
                                : new WriteReply.Late()));
    }

    @Override
    public CompletionStage<WriteReply> expire(String key, long writeId) {
        return script(
                        Script.EXPIRE,
                        List.of(key),
                        (call, one) -> recordAndLease(call, key).arg(bytes(writeId)))
                .thenApply(replies -> expireReply(replies.get(0)));
    }

    private static WriteReply expireReply(Reply reply) {
        if (reply instanceof Reply.Late) {
            return new WriteReply.Late();
        }
        return reply instanceof Reply.Change change ? stored(change) : new WriteReply.Unchanged();
    }

    @Override
    public CompletionStage<Void> touch(List<String> wanted, Duration idle) {
        byte[] millis = millis(idle);
        return script(Script.TOUCH, wanted, (call, part) -> {
                    call.arg(millis);
                    part.forEach(key -> call.key(keys.record(key)));
                })
                .thenAccept(RedisFarStore::failIfLate);
    }

    @Override
    public CompletionStage<MarkerReading> markers(Collection<String> names) {
        List<String> ordered = List.copyOf(names);
        CompletionStage<List<byte[]>> read = mget(
                counterAndMarkers(ordered),
                part -> new ValueListOutput<>(KeysAndBytes.CODEC),
                part -> RedisSession.args().addKeys(part));
        return read.thenApply(numbers -> {
            Map<String, Long> markers = new HashMap<>();
            for (int i = 0; i < ordered.size(); i++) {
                int at = i;
                number(numbers.get(i + 1)).ifPresent(marker -> markers.put(ordered.get(at), marker));
            }
            return known.seen(new MarkerReading(markers, number(numbers.get(0)).orElse(0L)));
        });
    }

    @Override
    public CompletionStage<MarkerReading> ensureMarkers(Collection<String> names, Duration life) {
        return changeMarkers(Script.ENSURE_MARKERS, names, life);
    }

    @Override
    public CompletionStage<MarkerReading> raiseMarkers(Collection<String> names, Duration life) {
        return changeMarkers(Script.RAISE_MARKERS, names, life);
    }

    /** In one call, however many they are: all get the value of one counter. */
    private CompletionStage<MarkerReading> changeMarkers(Script script, Collection<String> names, Duration life) {
        List<String> ordered = List.copyOf(names);
        byte[] millis = millis(life);
        return script(script, List.of(ordered), (call, one) -> {
                    call.arg(millis).arg(digits(known.highest()));
                    counterAndMarkers(ordered).forEach(call::key);
                })
                .thenApply(replies -> {
                    failIfLate(replies);
                    Map<String, Long> markers = new HashMap<>();
                    for (int i = 0; i < ordered.size(); i++) {
                        markers.put(ordered.get(i), number(replies.get(i + 1)));
                    }
                    return known.seen(new MarkerReading(markers, number(replies.get(0))));
                });
    }

    @Override
    public @Nullable ChangeFeed changeFeed() {
        return feed;
    }

    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            if (feed != null) {
                feed.close();
            }
            onClose.run();
        }
    }

    private <T> CompletionStage<T> closedFailure() {
        return CompletableFuture.failedFuture(new IllegalStateException("this cache's far store is closed"));
    }

    private <T> CompletionStage<T> call(Function<RedisSession, CompletionStage<T>> operation) {
        return closed.get() ? closedFailure() : connection.call(operation);
    }

    /** Reads what is under each of many keys. */
    private <T> CompletionStage<List<T>> mget(
            List<String> wanted,
            Function<List<String>, CommandOutput<String, byte[], List<T>>> output,
            Function<List<String>, CommandArgs<String, byte[]>> args) {
        if (wanted.isEmpty()) {
            return CompletableFuture.completedFuture(List.of());
        }
        return call(session -> {
            List<AsyncCommand<String, byte[], List<T>>> commands = mapped(
                    split(wanted, key -> 0),
                    part -> RedisSession.command(CommandType.MGET, output.apply(part), args.apply(part)));
            sent(session, commands);
            if (commands.size() == 1) {
                return commands.get(0);
            }
            return inOrder(commands).thenApply(parts -> {
                List<T> all = new ArrayList<>(wanted.size());
                parts.forEach(all::addAll);
                return all;
            });
        });
    }

    private CompletableFuture<byte[]> single(RedisSession session, CommandType type, CommandArgs<String, byte[]> args) {
        AsyncCommand<String, byte[], byte[]> command =
                RedisSession.command(type, new ValueOutput<>(KeysAndBytes.CODEC), args);
        sent(session, List.of(command));
        return command;
    }

    private <T> void sent(RedisSession session, List<AsyncCommand<String, byte[], T>> reads) {
        if (terms.place() == Place.MOVING) {
            // It counts for the next command alone.
            List<AsyncCommand<String, byte[], ?>> asking = new ArrayList<>(reads);
            asking.add(
                    0,
                    RedisSession.command(
                            CommandType.ASKING, new StatusOutput<>(KeysAndBytes.CODEC), RedisSession.args()));
            session.send(asking, 0);
        } else {
            terms.outlet().send(session, reads, 0);
        }
    }

    private CommandArgs<String, byte[]> args(List<String> wanted) {
        return RedisSession.args().addKeys(mapped(wanted, keys::record));
    }

    private <Q> CompletionStage<List<Reply>> script(
            Script script, List<Q> requests, BiConsumer<ScriptCall, List<Q>> filler) {
        return script(script, requests, terms.budgetMicros(), filler);
    }

    /** Calls a script for requests that carry no values. */
    private <Q> CompletionStage<List<Reply>> script(
            Script script, List<Q> requests, long micros, BiConsumer<ScriptCall, List<Q>> filler) {
        return script(script, requests, micros, request -> 0, filler);
    }

    /** @param micros how much later than now the server may apply it; the filler adds the rest behind the deadline */
    private <Q> CompletionStage<List<Reply>> script(
            Script script,
            List<Q> requests,
            long micros,
            Function<Q, Integer> size,
            BiConsumer<ScriptCall, List<Q>> filler) {
        if (requests.isEmpty()) {
            return CompletableFuture.completedFuture(List.of());
        }
        long issuedAt = terms.issuedAt() == NOW ? System.nanoTime() : terms.issuedAt();
        List<List<Q>> parts = split(requests, size);
        LongFunction<List<ScriptCall>> calls = deadline -> {
            byte[] digits = digits(deadline);
            return mapped(parts, part -> {
                ScriptCall call = new ScriptCall(script, part.size()).arg(digits);
                filler.accept(call, part);
                if (script.notice() != Script.Notice.NONE) {
                    call.arg(keys.notices()
                            .teller(script.notice() == Script.Notice.OF_A_COPY, terms.place() != Place.ALONE));
                }
                return call;
            });
        };
        return call(session -> {
            if (micros == NO_DEADLINE) {
                return ScriptCall.send(session, calls.apply(NO_DEADLINE), terms.outlet());
            }
            long deadline = clock.microsAt(issuedAt) + micros;
            return ScriptCall.send(session, calls.apply(deadline), terms.outlet())
                    .thenCompose(replies -> replies.stream().allMatch(Reply.LATE::equals)
                            ? unlessClockWasSet(replies, deadline, issuedAt, micros, calls)
                            : CompletableFuture.completedFuture(replies));
        });
    }

    /**
     * What a server finds late may be so for its clock alone, which was set forward since it told it last. So it is asked, and
     * told again where that is what happened, once, and within what is left of the budget. What was late before still is then:
     * the deadline is the same moment in the server's new time. Of calls sent together nothing was done, or this is not asked.
     */
    private CompletionStage<List<Reply>> unlessClockWasSet(
            List<Reply> late, long deadline, long issuedAt, long micros, LongFunction<List<ScriptCall>> calls) {
        return connection.ping().handle((told, failure) -> failure == null).thenCompose(isTold -> {
            long corrected = clock.microsAt(issuedAt) + micros;
            boolean isInTime = System.nanoTime() - issuedAt < TimeUnit.MICROSECONDS.toNanos(micros);
            return isTold && isInTime && corrected > deadline
                    ? call(session -> ScriptCall.send(session, calls.apply(corrected), Outlet.AT_ONCE))
                    : CompletableFuture.completedFuture(late);
        });
    }

    /** A request with its draft as bytes. */
    private record Encoded<Q>(Q request, RecordDraft draft, byte[] bytes) {
        void addTo(ScriptCall call) {
            call.arg(digits(bounded(draft.lifetime().fresh())))
                    .arg(millis(draft.lifetime().whole()))
                    .arg(bytes);
        }
    }

    private <Q> CompletionStage<List<Reply>> drafts(
            Script script,
            List<Q> requests,
            Function<Q, RecordDraft> draft,
            BiConsumer<ScriptCall, Encoded<Q>> filler) {
        return drafts(script, requests, draft, filler, call -> {});
    }

    private <Q> CompletionStage<List<Reply>> drafts(
            Script script,
            List<Q> requests,
            Function<Q, RecordDraft> draft,
            BiConsumer<ScriptCall, Encoded<Q>> filler,
            Consumer<ScriptCall> end) {
        List<Encoded<Q>> encoded;
        try {
            encoded = mapped(
                    requests,
                    request -> new Encoded<>(request, draft.apply(request), RecordBytes.encode(draft.apply(request))));
        } catch (IllegalArgumentException e) {
            return CompletableFuture.failedFuture(e);
        }
        return script(script, encoded, terms.budgetMicros(), one -> one.bytes().length, (call, part) -> {
            part.forEach(one -> filler.accept(call, one));
            end.accept(call);
        });
    }

    private static <Q> List<List<Q>> split(List<Q> requests, Function<Q, Integer> size) {
        List<List<Q>> parts = new ArrayList<>(1);
        int from = 0;
        long bytes = 0;
        for (int i = 0; i < requests.size(); i++) {
            bytes += size.apply(requests.get(i));
            if (i > from && (i - from == MOST_KEYS || bytes > MOST_BYTES)) {
                parts.add(requests.subList(from, i));
                from = i;
                bytes = size.apply(requests.get(i));
            }
        }
        parts.add(requests.subList(from, requests.size()));
        return parts;
    }

    private ScriptCall recordAndLease(ScriptCall call, String key) {
        return call.key(keys.record(key)).key(keys.lease(key));
    }

    private List<String> counterAndMarkers(List<String> names) {
        List<String> under = new ArrayList<>(names.size() + 1);
        under.add(keys.counter());
        names.forEach(name -> under.add(keys.marker(name)));
        return under;
    }

    private static FarReading reading(byte @Nullable [] bytes) {
        return bytes == null ? FarReading.ABSENT : RecordBytes.parse(bytes);
    }

    private static FarReading reading(byte @Nullable [] bytes, @Nullable Throwable failure) {
        return failure == null ? reading(bytes) : noBytesOr(failure);
    }

    private static FarReading header(byte @Nullable [] bytes, @Nullable Throwable failure) {
        if (failure != null) {
            return noBytesOr(failure);
        }
        return bytes == null || bytes.length == 0 ? FarReading.ABSENT : RecordBytes.parseHeader(ByteBuffer.wrap(bytes));
    }

    private static FarReading noBytesOr(Throwable failure) {
        if (failure instanceof RedisCommandExecutionException
                && String.valueOf(failure.getMessage()).startsWith("WRONGTYPE")) {
            return noBytes();
        }
        throw new CompletionException(failure);
    }

    private static FarReading noBytes() {
        return new FarReading.Malformed(NOTHING, "not a string");
    }

    /** What is there instead of what was judged. */
    private static FarReading current(Reply reply) {
        if (reply instanceof Reply.Bytes bytes) {
            return reading(bytes.bytes());
        }
        return reply instanceof Reply.Nothing ? FarReading.ABSENT : noBytes();
    }

    private static WriteReply stored(Reply.Change change) {
        return new WriteReply.Stored(change.version(), change.seq());
    }

    private static long number(Reply reply) {
        if (reply instanceof Reply.Numeric number) {
            return number.value();
        }
        throw new IllegalStateException("a script answered no number");
    }

    private static void failIfLate(List<Reply> replies) {
        if (replies.contains(Reply.LATE)) {
            throw new IllegalStateException("the request came past its deadline");
        }
    }

    /** What a script compares to tell whether a record is still the one that was judged. */
    private static byte[] identity(FarReading judged) {
        if (judged instanceof FarReading.Found found) {
            FarRecord.Stamp stamp = found.record().stamp();
            return ByteBuffer.allocate(RecordFormat.IDENTITY_LENGTH)
                    .putLong(stamp.version())
                    .putLong(stamp.writeId())
                    .array();
        }
        return judged instanceof FarReading.Malformed malformed ? malformed.identity() : NOTHING;
    }

    private static Optional<Long> number(byte @Nullable [] digits) {
        try {
            return Optional.ofNullable(digits).map(ascii -> Long.valueOf(new String(ascii, StandardCharsets.US_ASCII)));
        } catch (NumberFormatException foreign) {
            return Optional.empty();
        }
    }

    /** A time to live: Redis takes none below 1 ms. */
    private static byte[] millis(Duration time) {
        return digits(Math.max(1, bounded(time)));
    }

    private static long bounded(Duration time) {
        return time.compareTo(Duration.ofMillis(LONGEST_MILLIS)) > 0 ? LONGEST_MILLIS : Math.max(0, time.toMillis());
    }

    private static byte[] digits(long number) {
        return Long.toString(number).getBytes(StandardCharsets.US_ASCII);
    }

    private static byte[] bytes(long number) {
        return ByteBuffer.allocate(Long.BYTES).putLong(number).array();
    }

    private static byte[] joined(byte[] first, byte[] second) {
        return ByteBuffer.allocate(first.length + second.length)
                .put(first)
                .put(second)
                .array();
    }

    private static <A, B> List<B> mapped(List<? extends A> from, Function<? super A, ? extends B> function) {
        List<B> to = new ArrayList<>(from.size());
        for (A one : from) {
            to.add(function.apply(one));
        }
        return to;
    }

    private static <A, R> List<R> paired(List<A> asked, List<Reply> replies, BiFunction<A, Reply, R> function) {
        List<R> paired = new ArrayList<>(asked.size());
        for (int i = 0; i < asked.size(); i++) {
            paired.add(function.apply(asked.get(i), replies.get(i)));
        }
        return paired;
    }

    private static <T> CompletableFuture<List<T>> inOrder(List<? extends CompletableFuture<T>> futures) {
        if (futures.size() == 1) {
            return futures.get(0).thenApply(List::of);
        }
        return CompletableFuture.allOf(futures.toArray(CompletableFuture[]::new))
                .thenApply(done -> mapped(futures, CompletableFuture::join));
    }
}
