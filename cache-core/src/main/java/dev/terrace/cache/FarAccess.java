package dev.terrace.cache;

import dev.terrace.cache.codec.Codec;
import dev.terrace.cache.codec.CodecException;
import dev.terrace.cache.spi.FarReading;
import dev.terrace.cache.spi.FarRecord;
import dev.terrace.cache.spi.FarStore;
import dev.terrace.cache.spi.FarStore.FarLease;
import dev.terrace.cache.spi.FarStore.FillReply;
import dev.terrace.cache.spi.FarStore.FillRequest;
import dev.terrace.cache.spi.FarStore.LeaseReply;
import dev.terrace.cache.spi.FarStore.LeaseRequest;
import dev.terrace.cache.spi.FarStore.MarkerReading;
import dev.terrace.cache.spi.FarStore.PutRequest;
import dev.terrace.cache.spi.FarStore.WriteReply;
import dev.terrace.cache.spi.RecordDraft;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.BiConsumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The far tier in the cache's own terms: keys and values instead of text and bytes, entries instead of records, the ticker's
 * time instead of the server's. The one place where a record becomes an entry. Never throws; every future ends within the far
 * budget.
 */
final class FarAccess<V> {

    /** Payloads of more bytes than this, together, are decoded off the driver's thread. */
    private static final int DECODE_HERE = 16 * 1024;

    private static final CompletableFuture<Void> NOTHING_TO_CONFIRM = CompletableFuture.completedFuture(null);

    private final FarStore store;
    private final FarCalls calls;
    private final Link link;
    private final Codec<V> codec;
    private final long fingerprint;
    private final FarTimes times;
    private final Markers markers;
    private final Ticker ticker;
    private final FailureReports failures;
    private final Executor decoders;
    private final LongAdder bytesRead = new LongAdder();
    private final LongAdder bytesWritten = new LongAdder();

    /** The lives of things in the far tier that are not entries, and the trust that a look at it gives. */
    record FarTimes(Duration lease, Duration tombstone, Duration markers, long trustNanos) {}

    FarAccess(Parts<V> parts, FarTimes times, Markers markers, Ticker ticker, FailureReports failures) {
        this.store = parts.store;
        this.calls = parts.calls;
        this.link = parts.link;
        this.codec = parts.codec;
        this.fingerprint = Fingerprint.of(parts.codec);
        this.decoders = parts.decoders;
        this.times = times;
        this.markers = markers;
        this.ticker = ticker;
        this.failures = failures;
    }

    /** What stands between this cache's types and the store. */
    record Parts<V>(FarStore store, FarCalls calls, Link link, Codec<V> codec, Executor decoders) {}

    /** To be taken before keys are asked for. */
    private List<Look> looks(List<String> keys) {
        long askedAt = ticker.nanos();
        if (keys.size() == 1) {
            return List.of(new Look(askedAt, link.watch(keys.get(0))));
        }
        List<Look> looks = new ArrayList<>(keys.size());
        for (String key : keys) {
            looks.add(new Look(askedAt, link.watch(key)));
        }
        return looks;
    }

    Link link() {
        return link;
    }

    /**
     * Reads keys. Markers that were not confirmed within a fifth of the trust that a read gives are asked for in the same round
     * trip; unknown tags cost one more.
     *
     * @param runner of the step that understands what was read
     */
    CompletableFuture<List<Found<V>>> read(List<FarKey> wanted, LoadRunner runner) {
        long askedAt = ticker.nanos();
        List<String> keys = texts(wanted);
        List<Look> looks = looks(keys);
        CompletableFuture<List<FarReading>> readings = calls.call(FarOperation.READ, () -> store.read(keys));
        return behind(confirm(List.of(), askedAt), readings)
                .thenComposeAsync(
                        found -> {
                            Supplier<List<Found<V>>> decoding = () -> decode(wanted, found, looks);
                            CompletableFuture<Void> tagged = confirm(tagsOf(found), askedAt);
                            return tagged == NOTHING_TO_CONFIRM
                                    ? decodedWhere(found, runner, decoding)
                                    : tagged.thenComposeAsync(
                                            none -> decodedWhere(found, runner, decoding), runner::step);
                        },
                        runner::step);
    }

    /** What was read, once the markers are confirmed. Nearly always nothing is to be confirmed, and costs nothing then. */
    private static <T> CompletableFuture<T> behind(CompletableFuture<Void> confirmed, CompletableFuture<T> read) {
        return confirmed == NOTHING_TO_CONFIRM ? read : read.thenCombine(confirmed, (found, none) -> found);
    }

    /**
     * Compares copies with the far tier by their headers.
     *
     * @return for each copy, it with new trust where it is still the same change, else null
     */
    CompletableFuture<List<Found.@Nullable Present<V>>> validate(List<FarKey> wanted, List<Entry<V>> copies) {
        long askedAt = ticker.nanos();
        List<String> keys = texts(wanted);
        List<Look> looks = looks(keys);
        CompletableFuture<List<FarReading>> headers = calls.call(FarOperation.VALIDATE, () -> store.readHeaders(keys));
        Set<String> tags = new LinkedHashSet<>();
        copies.forEach(copy -> tags.addAll(copy.extra.tags()));
        return headers.thenCombine(confirm(tags, askedAt), (found, none) -> {
            List<Found.@Nullable Present<V>> renewed = new ArrayList<>(copies.size());
            Moment now = moment();
            for (int i = 0; i < copies.size(); i++) {
                renewed.add(renewed(copies.get(i), found.get(i), looks.get(i), now));
            }
            return renewed;
        });
    }

    private Found.@Nullable Present<V> renewed(Entry<V> copy, FarReading header, Look look, Moment now) {
        if (!(header instanceof FarReading.Found found)
                || !copy.isSameChangeAs(found.record().stamp())) {
            return null;
        }
        return new Found.Present<>(copy.renewed(life(found.record().life(), copy.extra.tags(), look, now)), header);
    }

    /** Asks for the right to fill keys that were judged. */
    CompletableFuture<Asked<LeaseReply>> lease(List<FarKey> wanted, List<FarReading> judged) {
        List<LeaseRequest> requests = new ArrayList<>(wanted.size());
        for (int i = 0; i < wanted.size(); i++) {
            requests.add(new LeaseRequest(wanted.get(i).text(), judged.get(i)));
        }
        CompletableFuture<List<LeaseReply>> answered = new CompletableFuture<>();
        CompletableFuture<Asked<LeaseReply>> leased = asked(
                FarOperation.LEASE,
                texts(wanted),
                () -> store.lease(requests, times.lease())
                        .whenComplete((replies, failure) -> Completions.complete(answered, replies, failure)));
        return leased.whenComplete((inTime, givenUp) -> {
            if (givenUp != null) {
                answered.thenAccept(this::giveBack);
            }
        });
    }

    /**
     * Gives back leases whose grant came when nobody waited for it any more: else others would wait for a load that does not
     * run. Whatever the breaker says, for the far tier has just answered.
     */
    private void giveBack(List<LeaseReply> late) {
        List<FarLease> leases = new ArrayList<>();
        for (LeaseReply reply : late) {
            if (reply instanceof LeaseReply.Granted granted) {
                leases.add(granted.lease());
            }
        }
        if (!leases.isEmpty()) {
            store.release(leases).whenComplete((done, failure) -> {
                if (failure != null) {
                    failures.report(FarOperation.RELEASE.failure(), Completions.cause(failure));
                }
            });
        }
    }

    /** Understands a record that came with the answer to something else. */
    CompletableFuture<Found<V>> understand(FarKey key, FarReading reading, Look look) {
        return confirm(tagsOf(List.of(reading)), look.askedAt())
                .thenApply(none -> decode(key, reading, look, moment()));
    }

    private <T> CompletableFuture<Asked<T>> asked(
            FarOperation operation, List<String> keys, Supplier<? extends CompletionStage<List<T>>> question) {
        List<Look> looks = looks(keys);
        return calls.call(operation, question).thenApply(answers -> new Asked<>(answers, looks));
    }

    /** Stores loaded values under their leases; markers of their tags must be there. */
    CompletableFuture<Asked<FillReply>> fill(List<FillRequest> requests) {
        requests.forEach(request -> written(request.draft()));
        List<String> keys =
                requests.stream().map(request -> request.lease().key()).toList();
        return told(
                keys, asked(FarOperation.FILL, keys, () -> sent(keys, () -> store.fill(requests))), (key, reply) -> {
                    if (reply instanceof FillReply.Stored) {
                        link.written(key);
                    } else {
                        link.overtaken(key);
                    }
                });
    }

    /** Gives leases back. */
    CompletableFuture<Void> release(List<FarLease> leases) {
        return calls.call(FarOperation.RELEASE, () -> store.release(leases));
    }

    CompletableFuture<Asked<WriteReply>> put(List<FarKey> wanted, List<RecordDraft> drafts) {
        List<PutRequest> requests = new ArrayList<>(wanted.size());
        for (int i = 0; i < wanted.size(); i++) {
            requests.add(new PutRequest(wanted.get(i).text(), drafts.get(i)));
            written(drafts.get(i));
        }
        return write(FarOperation.PUT, texts(wanted), () -> store.put(requests));
    }

    CompletableFuture<Asked<WriteReply>> putIfUnchanged(FarKey key, RecordDraft draft, FarReading judged) {
        written(draft);
        PutRequest request = new PutRequest(key.text(), draft);
        return write(
                FarOperation.PUT,
                texts(List.of(key)),
                () -> store.putIfUnchanged(request, judged).thenApply(List::of));
    }

    CompletableFuture<Asked<WriteReply>> invalidate(List<FarKey> wanted) {
        List<String> texts = texts(wanted);
        return write(FarOperation.INVALIDATE, texts, () -> store.invalidate(texts, times.tombstone()));
    }

    CompletableFuture<Asked<WriteReply>> expire(FarKey key, long writeId) {
        return write(
                FarOperation.EXPIRE,
                texts(List.of(key)),
                () -> store.expire(key.text(), writeId).thenApply(List::of));
    }

    private CompletableFuture<Asked<WriteReply>> write(
            FarOperation operation, List<String> keys, Supplier<CompletionStage<List<WriteReply>>> write) {
        CompletableFuture<Asked<WriteReply>> replies = asked(operation, keys, () -> sent(keys, write))
                .whenComplete((asked, failure) -> {
                    if (asked != null) {
                        reportFailed(operation, asked.answers());
                    }
                });
        return told(keys, replies, (key, reply) -> {
            if (reply instanceof WriteReply.Stored) {
                link.written(key);
            } else {
                link.notWritten(key);
            }
        });
    }

    /** A call that some server answered is no failure by itself. */
    private void reportFailed(FarOperation operation, List<WriteReply> replies) {
        for (WriteReply reply : replies) {
            if (reply instanceof WriteReply.Failed failed) {
                failures.report(operation.failure(), Completions.cause(failed.cause()));
                return;
            }
        }
    }

    /** Sends a write, of which the link will tell this node too. */
    private <T> CompletionStage<List<T>> sent(List<String> keys, Supplier<CompletionStage<List<T>>> write) {
        link.expectEchoes(keys);
        return write.get();
    }

    private <T> CompletableFuture<Asked<T>> told(
            List<String> keys, CompletableFuture<Asked<T>> replies, BiConsumer<String, @Nullable T> outcome) {
        if (!link.isThere()) {
            return replies;
        }
        return replies.whenComplete((asked, failure) -> {
            for (int i = 0; i < keys.size(); i++) {
                if (asked == null) {
                    link.notWritten(keys.get(i));
                } else {
                    outcome.accept(keys.get(i), asked.answers().get(i));
                }
            }
        });
    }

    CompletableFuture<Void> touch(List<FarKey> wanted, Duration idle) {
        List<String> keys = texts(wanted);
        return calls.call(FarOperation.TOUCH, () -> {
                    link.expectEchoes(keys);
                    return store.touch(keys, idle);
                })
                .whenComplete((done, failure) -> keys.forEach(failure == null ? link::written : link::notWritten));
    }

    CompletableFuture<Void> ping() {
        return calls.call(FarOperation.PING, store::ping);
    }

    /** Invalidates tags, or the whole cache by {@link MarkerReading#ALL}. */
    CompletableFuture<Void> raise(Collection<String> names) {
        Markers.Question question = question(names, ticker.nanos());
        return calls.call(FarOperation.RAISE, () -> store.raiseMarkers(names, times.markers()))
                .thenAccept(reading -> markers.absorb(question, reading));
    }

    /** Sees to it that the markers of tags, and the whole cache's, are there, so that entries with them are valid. */
    CompletableFuture<Void> ensure(Collection<String> tags) {
        List<String> missing = markers.missing(tags);
        if (missing.isEmpty()) {
            return CompletableFuture.completedFuture(null);
        }
        Markers.Question question = question(missing, ticker.nanos());
        return calls.call(FarOperation.MARKERS, () -> store.ensureMarkers(missing, times.markers()))
                .thenAccept(reading -> markers.absorb(question, reading));
    }

    /** Asks for the marker of the whole cache, on which trust in every copy rests. */
    void refreshMarkers() {
        // A failure was counted where it happened, and the next read asks again.
        ask(List.of(MarkerReading.ALL), ticker.nanos());
    }

    private CompletableFuture<Void> confirm(Collection<String> tags, long askedAt) {
        List<String> names = markers.toBeAsked(askedAt, tags);
        return names.isEmpty() ? NOTHING_TO_CONFIRM : ask(names, askedAt);
    }

    private CompletableFuture<Void> ask(List<String> names, long askedAt) {
        Markers.Question question = question(names, askedAt);
        return calls.call(FarOperation.MARKERS, () -> store.markers(names))
                .thenAccept(reading -> markers.absorb(question, reading));
    }

    private Markers.Question question(Collection<String> names, long askedAt) {
        List<String> ordered = List.copyOf(names);
        return new Markers.Question(
                ordered, ordered.stream().map(link::watchMarker).toList(), askedAt);
    }

    private static Set<String> tagsOf(List<FarReading> readings) {
        Set<String> tags = Set.of();
        for (FarReading reading : readings) {
            if (reading instanceof FarReading.Found found
                    && !found.record().attributes().tags().isEmpty()) {
                tags = tags.isEmpty() ? new LinkedHashSet<>() : tags;
                tags.addAll(found.record().attributes().tags());
            }
        }
        return tags;
    }

    private CompletableFuture<List<Found<V>>> decodedWhere(
            List<FarReading> readings, LoadRunner runner, Supplier<List<Found<V>>> decoding) {
        int bytes = 0;
        for (FarReading reading : readings) {
            bytes += reading instanceof FarReading.Found found
                    ? found.record().content().payload().remaining()
                    : 0;
        }
        bytesRead.add(bytes);
        if (bytes > DECODE_HERE && !runner.isCallers()) {
            try {
                return CompletableFuture.supplyAsync(decoding, decoders);
            } catch (RejectedExecutionException | LoadRejectedException e) {
                // No room elsewhere: slower here, and still right.
                return CompletableFuture.completedFuture(decoding.get());
            }
        }
        return CompletableFuture.completedFuture(decoding.get());
    }

    private List<Found<V>> decode(List<FarKey> wanted, List<FarReading> readings, List<Look> looks) {
        Moment now = moment();
        if (readings.size() == 1) {
            return List.of(decode(wanted.get(0), readings.get(0), looks.get(0), now));
        }
        List<Found<V>> found = new ArrayList<>(readings.size());
        for (int i = 0; i < readings.size(); i++) {
            found.add(decode(wanted.get(i), readings.get(i), looks.get(i), now));
        }
        return found;
    }

    private Found<V> decode(FarKey key, FarReading reading, Look look, Moment now) {
        if (reading instanceof FarReading.Malformed malformed) {
            failures.report(FailureKind.DECODE, new CodecException("no record of this cache: " + malformed.reason()));
        }
        if (!(reading instanceof FarReading.Found found)) {
            return new Found.Missing<>(reading);
        }
        FarRecord record = found.record();
        FarRecord.Content content = record.content();
        if (content.state() == FarRecord.State.TOMBSTONE) {
            return new Found.Missing<>(reading);
        }
        if (key.fullKey() != null && !key.fullKey().equals(content.fullKey())) {
            failures.report(FailureKind.DECODE, new CodecException("the record is of another key with the same hash"));
            return new Found.Missing<>(reading);
        }
        V value = null;
        if (content.state() == FarRecord.State.VALUE) {
            try {
                value = decode(content);
            } catch (RuntimeException | StackOverflowError e) {
                failures.report(FailureKind.DECODE, e);
                return new Found.Missing<>(reading);
            }
        }
        markers.seen(Markers.ofFar(record.stamp().seq()));
        return new Found.Present<>(entry(record, value, look, now), reading);
    }

    private V decode(FarRecord.Content content) {
        if (content.codec() != fingerprint) {
            throw new CodecException("the record was written by another codec or schema than " + codec.id());
        }
        V value = codec.decode(content.payload().duplicate());
        if (value == null) {
            throw new CodecException("codec " + codec.id() + " decoded null");
        }
        return value;
    }

    private Entry<V> entry(FarRecord record, @Nullable V value, Look look, Moment now) {
        FarRecord.Attributes attributes = record.attributes();
        FarRecord.Stamp stamp = record.stamp();
        return new Entry<>(
                value,
                life(record.life(), attributes.tags(), look, now),
                new Entry.Stamp(stamp.version(), stamp.writeId(), Markers.ofFar(stamp.seq())),
                Entry.Extra.of(attributes.tags(), attributes.state(), stamp.sourceVersion()),
                attributes.loadMillis());
    }

    /** One time, by both clocks. */
    private record Moment(long tickerNanos, long farMillis) {

        long later(long farTime) {
            long millis = Math.min(farTime - farMillis, Checks.FOREVER.toMillis());
            return tickerNanos + Math.max(millis, -Checks.FOREVER.toMillis()) * 1_000_000;
        }
    }

    private Moment moment() {
        return new Moment(ticker.nanos(), store.clock().millis());
    }

    /** The server's times in the ticker's, and trust from the oldest of the looks that the entry rests on. */
    private Entry.Life life(FarRecord.Life life, List<String> tags, Look look, Moment now) {
        return new Entry.Life(now.later(life.freshUntil()), now.later(life.goneAt()), trust(tags, look));
    }

    /** Why an entry is trusted that rests on such a look, and on what is known of its markers. */
    Trust trust(List<String> tags, Look look) {
        return new Trust(Math.min(look.askedAt() + times.trustNanos(), markers.trustedUntil(tags)), look.watch());
    }

    /** What a record to be written holds: a value's bytes, or a cached null where they are null. */
    FarRecord.Content content(FarKey key, byte @Nullable [] bytes) {
        return bytes == null
                ? FarRecord.Content.ofNull(key.fullKey())
                : new FarRecord.Content(FarRecord.State.VALUE, fingerprint, key.fullKey(), ByteBuffer.wrap(bytes));
    }

    /**
     * Encodes a value.
     *
     * @throws UncacheableValueException if the codec fails, or the bytes are more than allowed
     */
    byte[] encode(V value, int maxBytes) {
        byte[] bytes;
        try {
            bytes = Objects.requireNonNull(codec.encode(value), "encode returned null");
        } catch (RuntimeException | StackOverflowError e) {
            throw new UncacheableValueException("codec " + codec.id() + " could not encode a value", e);
        }
        if (bytes.length > maxBytes) {
            throw new UncacheableValueException(
                    "a value of " + bytes.length + " bytes is over maxValueBytes " + maxBytes,
                    new CodecException("too large"));
        }
        return bytes;
    }

    private static List<String> texts(List<FarKey> wanted) {
        if (wanted.size() == 1) {
            return List.of(wanted.get(0).text());
        }
        List<String> texts = new ArrayList<>(wanted.size());
        for (FarKey key : wanted) {
            texts.add(key.text());
        }
        return texts;
    }

    private void written(RecordDraft draft) {
        bytesWritten.add(draft.content().payload().remaining());
    }

    CacheStats.FarBytes bytes() {
        return new CacheStats.FarBytes(bytesRead.sum(), bytesWritten.sum(), codec.compression());
    }

    boolean versionsAreTimes() {
        return store.versionsAreTimes();
    }

    /** The far clock in µs, or 0 while it is not known. */
    long nowMicros() {
        long millis = store.clock().millis();
        return millis == Long.MIN_VALUE ? 0 : millis * 1_000;
    }

    void close() {
        store.close();
    }
}
