package dev.terrace.cache.redis;

import dev.terrace.cache.spi.FarClock;
import dev.terrace.cache.spi.FarReading;
import dev.terrace.cache.spi.FarRecord;
import dev.terrace.cache.spi.FarStore;
import dev.terrace.cache.spi.RecordBytes;
import dev.terrace.cache.spi.RecordDraft;
import dev.terrace.cache.spi.RecordFormat;
import io.lettuce.core.KeyValue;
import io.lettuce.core.RedisCommandExecutionException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/** One cache's records in Redis. Every write is a script, so that it is atomic, versioned and refused when it comes late. */
final class RedisFarStore implements FarStore {

    private static final byte[] NOTHING = new byte[0];

    private final RedisKeys keys;
    private final RedisConnection connection;
    private final RedisScripts scripts;
    private final RedisClock clock;
    private final Duration budget;
    private final Runnable onClose;

    RedisFarStore(RedisKeys keys, RedisConnection connection, RedisClock clock, Duration budget, Runnable onClose) {
        this.keys = keys;
        this.connection = connection;
        this.scripts = new RedisScripts(connection);
        this.clock = clock;
        this.budget = budget;
        this.onClose = onClose;
    }

    @Override
    public FarClock clock() {
        return clock;
    }

    @Override
    public CompletionStage<Void> ping() {
        return connection.ping();
    }

    @Override
    public CompletionStage<List<FarReading>> read(List<String> wanted) {
        if (wanted.size() == 1) {
            String key = keys.record(wanted.get(0));
            return connection
                    .async(redis -> redis.get(key))
                    .handle((bytes, failure) -> List.of(failure == null ? reading(bytes) : wrongTypeOr(failure)));
        }
        String[] all = wanted.stream().map(keys::record).toArray(String[]::new);
        return connection.async(redis -> redis.mget(all)).thenApply(RedisFarStore::readings);
    }

    private static List<FarReading> readings(List<KeyValue<String, byte[]>> replies) {
        List<FarReading> readings = new ArrayList<>(replies.size());
        replies.forEach(reply -> readings.add(reading(reply.getValueOrElse(null))));
        return readings;
    }

    private static FarReading reading(byte @Nullable [] bytes) {
        return bytes == null ? FarReading.ABSENT : RecordBytes.parse(ByteBuffer.wrap(bytes));
    }

    @Override
    public CompletionStage<List<FarReading>> readHeaders(List<String> wanted) {
        return connection.call(redis -> {
            List<CompletableFuture<FarReading>> headers = new ArrayList<>(wanted.size());
            for (String key : wanted) {
                headers.add(redis.async()
                        .getrange(keys.record(key), 0, RecordFormat.HEADER_LENGTH - 1)
                        .handle((bytes, failure) -> failure == null ? header(bytes) : wrongTypeOr(failure))
                        .toCompletableFuture());
            }
            return inOrder(headers);
        });
    }

    private static FarReading header(byte @Nullable [] bytes) {
        return bytes == null || bytes.length == 0 ? FarReading.ABSENT : RecordBytes.parseHeader(ByteBuffer.wrap(bytes));
    }

    private static FarReading wrongTypeOr(Throwable failure) {
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        if (cause instanceof RedisCommandExecutionException
                && cause.getMessage() != null
                && cause.getMessage().startsWith("WRONGTYPE")) {
            return new FarReading.Malformed(NOTHING, "not a string");
        }
        throw cause instanceof RuntimeException unchecked ? unchecked : new CompletionException(cause);
    }

    @Override
    public CompletionStage<List<LeaseReply>> lease(List<LeaseRequest> requests, Duration time) {
        List<Long> ids = requests.stream()
                .map(request -> ThreadLocalRandom.current().nextLong())
                .toList();
        byte[] millis = digits(time.toMillis());
        List<RedisScripts.Call> calls = new ArrayList<>(requests.size());
        for (int i = 0; i < requests.size(); i++) {
            LeaseRequest request = requests.get(i);
            calls.add(new RedisScripts.Call(
                    recordAndLease(request.key()), identity(request.judged()), bytes(ids.get(i)), millis));
        }
        return scripts.run(Script.LEASE, calls)
                .thenApply(replies -> mapped(replies, (reply, i) -> switch (code(reply)) {
                    case 0 ->
                        new LeaseReply.Granted(new FarLease(requests.get(i).key(), ids.get(i)));
                    case 1 -> new LeaseReply.Busy();
                    default -> new LeaseReply.Changed(reading((byte[]) reply.get(1)));
                }));
    }

    @Override
    public CompletionStage<List<FillReply>> fill(List<FillRequest> requests) {
        byte[] deadline = deadline();
        List<RedisScripts.Call> calls = requests.stream()
                .map(request -> new RedisScripts.Call(
                        recordAndLease(request.lease().key()),
                        bytes(request.lease().id()),
                        deadline,
                        fresh(request.draft()),
                        whole(request.draft()),
                        RecordBytes.encode(request.draft())))
                .toList();
        return scripts.run(Script.FILL, calls)
                .thenApply(replies -> mapped(
                        replies,
                        (reply, i) -> code(reply) == 0
                                ? new FillReply.Stored((Long) reply.get(1))
                                : new FillReply.Refused()));
    }

    @Override
    public CompletionStage<Void> release(List<FarLease> leases) {
        List<RedisScripts.Call> calls = leases.stream()
                .map(lease -> new RedisScripts.Call(new String[] {keys.lease(lease.key())}, bytes(lease.id())))
                .toList();
        return scripts.run(Script.RELEASE, calls).thenAccept(replies -> {});
    }

    @Override
    public CompletionStage<List<WriteReply>> put(List<PutRequest> requests) {
        byte[] deadline = deadline();
        List<RedisScripts.Call> calls = requests.stream()
                .map(request -> new RedisScripts.Call(
                        recordLeaseAndCounter(request.key()),
                        deadline,
                        fresh(request.draft()),
                        whole(request.draft()),
                        RecordBytes.encode(request.draft())))
                .toList();
        return scripts.run(Script.PUT, calls).thenApply(RedisFarStore::writeReplies);
    }

    @Override
    public CompletionStage<WriteReply> putIfUnchanged(PutRequest request, FarReading judged) {
        RedisScripts.Call call = new RedisScripts.Call(
                recordLeaseAndCounter(request.key()),
                deadline(),
                fresh(request.draft()),
                whole(request.draft()),
                RecordBytes.encode(request.draft()),
                identity(judged));
        return scripts.run(Script.PUT, List.of(call)).thenApply(replies -> writeReply(replies.get(0)));
    }

    @Override
    public CompletionStage<List<WriteReply>> invalidate(Collection<String> wanted, Duration tombstoneTime) {
        byte[] deadline = deadline();
        byte[] millis = digits(tombstoneTime.toMillis());
        List<RedisScripts.Call> calls = wanted.stream()
                .map(key -> new RedisScripts.Call(recordAndLease(key), deadline, millis, tombstone()))
                .toList();
        return scripts.run(Script.INVALIDATE, calls).thenApply(RedisFarStore::writeReplies);
    }

    private static byte[] tombstone() {
        return RecordBytes.encode(new RecordDraft(
                ThreadLocalRandom.current().nextLong(),
                FarRecord.NO_SOURCE_VERSION,
                0,
                new RecordDraft.Lifetime(Duration.ZERO, Duration.ZERO),
                FarRecord.Attributes.NONE,
                new FarRecord.Content(FarRecord.State.TOMBSTONE, 0, null, ByteBuffer.wrap(NOTHING))));
    }

    @Override
    public CompletionStage<WriteReply> expire(String key, long writeId) {
        RedisScripts.Call call = new RedisScripts.Call(recordAndLease(key), deadline(), bytes(writeId));
        return scripts.run(Script.EXPIRE, List.of(call)).thenApply(replies -> writeReply(replies.get(0)));
    }

    @Override
    public CompletionStage<Void> touch(List<String> wanted, Duration idle) {
        byte[] millis = digits(idle.toMillis());
        List<RedisScripts.Call> calls = wanted.stream()
                .map(key -> new RedisScripts.Call(new String[] {keys.record(key)}, millis))
                .toList();
        return scripts.run(Script.TOUCH, calls).thenAccept(replies -> {});
    }

    @Override
    public CompletionStage<MarkerReading> markers(Collection<String> names) {
        List<String> ordered = List.copyOf(names);
        String[] all = counterAndMarkers(ordered);
        return connection.async(redis -> redis.mget(all)).thenApply(replies -> {
            Map<String, Long> values = new HashMap<>();
            for (int i = 0; i < ordered.size(); i++) {
                Long value = number(replies.get(i + 1).getValueOrElse(null));
                if (value != null) {
                    values.put(ordered.get(i), value);
                }
            }
            Long seq = number(replies.get(0).getValueOrElse(null));
            return new MarkerReading(values, seq == null ? 0 : seq);
        });
    }

    private static @Nullable Long number(byte @Nullable [] digits) {
        if (digits == null) {
            return null;
        }
        try {
            return Long.valueOf(new String(digits, StandardCharsets.US_ASCII));
        } catch (NumberFormatException foreign) {
            return null;
        }
    }

    @Override
    public CompletionStage<MarkerReading> ensureMarkers(Collection<String> names, Duration life) {
        return marked(Script.ENSURE_MARKERS, names, life);
    }

    @Override
    public CompletionStage<MarkerReading> raiseMarkers(Collection<String> names, Duration life) {
        return marked(Script.RAISE_MARKERS, names, life);
    }

    private CompletionStage<MarkerReading> marked(Script script, Collection<String> names, Duration life) {
        List<String> ordered = List.copyOf(names);
        RedisScripts.Call call = new RedisScripts.Call(counterAndMarkers(ordered), digits(life.toMillis()));
        return scripts.run(script, List.of(call)).thenApply(replies -> {
            List<Object> reply = replies.get(0);
            Map<String, Long> values = new HashMap<>();
            for (int i = 0; i < ordered.size(); i++) {
                values.put(ordered.get(i), (Long) reply.get(i + 1));
            }
            return new MarkerReading(values, (Long) reply.get(0));
        });
    }

    @Override
    public void close() {
        onClose.run();
    }

    private String[] recordAndLease(String key) {
        return new String[] {keys.record(key), keys.lease(key)};
    }

    private String[] recordLeaseAndCounter(String key) {
        return new String[] {keys.record(key), keys.lease(key), keys.counter()};
    }

    private String[] counterAndMarkers(List<String> names) {
        String[] all = new String[names.size() + 1];
        all[0] = keys.counter();
        for (int i = 0; i < names.size(); i++) {
            all[i + 1] = keys.marker(names.get(i));
        }
        return all;
    }

    /** Until when the server may apply what is sent now. Unknown time needs none: nothing is sent before it is known. */
    private byte[] deadline() {
        return digits(clock.isKnown() ? clock.micros() + budget.toNanos() / 1_000 : Long.MAX_VALUE >> 10);
    }

    private static byte[] fresh(RecordDraft draft) {
        return digits(Math.max(0, draft.lifetime().fresh().toMillis()));
    }

    private static byte[] whole(RecordDraft draft) {
        return digits(Math.max(1, draft.lifetime().whole().toMillis()));
    }

    private static byte[] digits(long number) {
        return Long.toString(number).getBytes(StandardCharsets.US_ASCII);
    }

    private static byte[] bytes(long number) {
        return ByteBuffer.allocate(Long.BYTES).putLong(number).array();
    }

    /** What a script compares to tell whether a record is still the one that was judged. */
    private static byte[] identity(FarReading judged) {
        if (judged instanceof FarReading.Found found) {
            return ByteBuffer.allocate(RecordFormat.IDENTITY_LENGTH)
                    .putLong(found.record().stamp().version())
                    .putLong(found.record().stamp().writeId())
                    .array();
        }
        return judged instanceof FarReading.Malformed malformed ? malformed.identity() : NOTHING;
    }

    private static List<WriteReply> writeReplies(List<List<Object>> replies) {
        return mapped(replies, (reply, i) -> writeReply(reply));
    }

    private static WriteReply writeReply(List<Object> reply) {
        return switch (code(reply)) {
            case 0 -> new WriteReply.Stored((Long) reply.get(1), (Long) reply.get(2));
            case 1 -> new WriteReply.OlderSource();
            case 2 -> new WriteReply.Late();
            case 3 -> new WriteReply.Changed(reading((byte[]) reply.get(1)));
            default -> new WriteReply.Unchanged();
        };
    }

    private static int code(List<Object> reply) {
        return ((Long) reply.get(0)).intValue();
    }

    private interface Mapping<T> {
        T apply(List<Object> reply, int index);
    }

    private static <T> List<T> mapped(List<List<Object>> replies, Mapping<T> mapping) {
        List<T> mapped = new ArrayList<>(replies.size());
        for (int i = 0; i < replies.size(); i++) {
            mapped.add(mapping.apply(replies.get(i), i));
        }
        return mapped;
    }

    static <T> CompletableFuture<List<T>> inOrder(List<CompletableFuture<T>> futures) {
        if (futures.size() == 1) {
            return futures.get(0).thenApply(List::of);
        }
        return CompletableFuture.allOf(futures.toArray(CompletableFuture[]::new))
                .thenApply(done -> futures.stream().map(CompletableFuture::join).toList());
    }
}
