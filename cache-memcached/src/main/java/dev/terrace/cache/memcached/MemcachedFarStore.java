package dev.terrace.cache.memcached;

import dev.terrace.cache.memcached.Current.State;
import dev.terrace.cache.memcached.Records.Need;
import dev.terrace.cache.spi.FarClock;
import dev.terrace.cache.spi.FarReading;
import dev.terrace.cache.spi.FarRecord;
import dev.terrace.cache.spi.FarStore;
import dev.terrace.cache.spi.RecordBytes;
import dev.terrace.cache.spi.RecordDraft;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Function;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One cache's records in Memcached.
 *
 * <p>A server has neither scripts nor a clock that a write could be checked against, so order rests on one thing: every write names
 * the CAS id of the item that it replaces, and where there is none, that of a stub left for it a moment before. What arrives late
 * finds the item that it was meant for, unchanged, or is refused; it never replaces what came after it was issued.
 */
final class MemcachedFarStore implements FarStore {

    private static final Logger LOG = LoggerFactory.getLogger("dev.terrace.cache.memcached");

    /** How long a stub is left for a write: until then it may arrive where nothing was. */
    private static final Duration WRITE_STUB = Duration.ofSeconds(1);

    private static final int MOST_ATTEMPTS = 50;

    /** What an item takes on the server besides its name and value, and a little more. */
    private static final int ITEM_OVERHEAD = 64;

    /** Sequences given by clocks that may be a second behind others are still later than all that was given before. */
    private static final long SEQUENCE_MARGIN = TimeUnit.SECONDS.toMicros(2);

    private final Keys keys;
    private final Nodes nodes;
    private final Records records;
    private final Sequences sequences;
    private final long budgetNanos;
    private final Tally tally;
    private final Leases leases = new Leases();
    private final AtomicBoolean closed = new AtomicBoolean();

    /**
     * What a tier counts, and how it hears of the end of a store.
     *
     * @param tooLarge values that were not stored because the server does not take them
     */
    record Tally(LongAdder tooLarge, Runnable onClose) {}

    MemcachedFarStore(Keys keys, Nodes nodes, SeenHeaders seen, Duration budget, Tally tally) {
        this.keys = keys;
        this.nodes = nodes;
        this.records = new Records(seen);
        this.sequences = new Sequences(nodes);
        this.budgetNanos = budget.toNanos();
        this.tally = tally;
    }

    /** They are CAS ids. */
    @Override
    public boolean versionsAreTimes() {
        return false;
    }

    @Override
    public FarClock clock() {
        return nodes;
    }

    @Override
    public CompletionStage<Void> ping() {
        return isClosed() ? closedFailure() : nodes.ping();
    }

    @Override
    public CompletionStage<List<FarReading>> read(List<String> wanted) {
        if (isClosed()) {
            return closedFailure();
        }
        return nodes.onEach(
                names(wanted),
                name -> name,
                (node, some) -> shifted(node, node.call(link -> records.read(link, some))),
                name -> FarReading.ABSENT);
    }

    private CompletableFuture<List<FarReading>> shifted(Node node, CompletableFuture<List<FarReading>> readings) {
        return nodes.all().size() == 1
                ? readings
                : readings.thenApply(found -> {
                    long shift = nodes.shift(node);
                    return shift == 0 ? found : Records.mapped(found, reading -> Records.shifted(reading, shift));
                });
    }

    @Override
    public CompletionStage<List<FarReading>> readHeaders(List<String> wanted) {
        if (isClosed()) {
            return closedFailure();
        }
        return nodes.onEach(
                wanted,
                keys::record,
                (node, some) -> shifted(
                        node,
                        node.call(link -> records.find(link, names(some), Need.HEADER, null))
                                .thenApply(found -> Records.mapped(found, current -> headerOf(readingOf(current))))),
                key -> FarReading.ABSENT);
    }

    private static FarReading headerOf(FarReading reading) {
        if (!(reading instanceof FarReading.Found found)
                || found.record().content().payload().remaining() == 0) {
            return reading;
        }
        FarRecord record = found.record();
        FarRecord.Content nothing = new FarRecord.Content(record.content().state(), 0, null, ByteBuffer.allocate(0));
        return new FarReading.Found(new FarRecord(record.stamp(), record.life(), record.attributes(), nothing));
    }

    private static FarReading readingOf(Current current) {
        FarReading reading = current.reading();
        return reading == null ? FarReading.ABSENT : reading;
    }

    @Override
    public CompletionStage<List<LeaseReply>> lease(List<LeaseRequest> requests, Duration time) {
        if (isClosed()) {
            return closedFailure();
        }
        long issuedAt = System.nanoTime();
        return nodes.onEach(
                requests,
                request -> keys.record(request.key()),
                (node, part) -> new Leasing(node, time, issuedAt).ask(part),
                request -> granted(request.key(), new Leases.Held(Leases.NO_LINK, 0, 0, over(issuedAt, time), null)));
    }

    private LeaseReply granted(String key, Leases.Held held) {
        FarLease lease = new FarLease(key, ThreadLocalRandom.current().nextLong());
        return leases.add(lease, held) ? new LeaseReply.Granted(lease) : new LeaseReply.Busy();
    }

    private static long over(long issuedAt, Duration time) {
        return issuedAt + time.toNanos();
    }

    /** Requests for leases on one server, made together. */
    private final class Leasing {

        private final Node node;
        private final Duration time;
        private final long issuedAt;

        Leasing(Node node, Duration time, long issuedAt) {
            this.node = node;
            this.time = time;
            this.issuedAt = issuedAt;
        }

        CompletableFuture<List<LeaseReply>> ask(List<LeaseRequest> requests) {
            return node.call(link -> {
                // By identity: to hash a request is to hash the value that it judged.
                IdentityHashMap<LeaseRequest, Current> found = new IdentityHashMap<>();
                List<LeaseRequest> absent = requests.stream()
                        .filter(request -> Current.identity(request.judged()).length == 0)
                        .toList();
                List<LeaseRequest> present = requests.stream()
                        .filter(request -> Current.identity(request.judged()).length != 0)
                        .toList();
                CompletableFuture<List<Current>> stubs = find(link, absent, Need.WHOLE, time);
                CompletableFuture<List<Current>> headers = find(link, present, Need.HEADER, null);
                return stubs.thenCombine(headers, (first, second) -> {
                            put(found, absent, first);
                            put(found, present, second);
                            return found;
                        })
                        .thenCompose(all -> decide(link, requests, all));
            });
        }

        private CompletableFuture<List<Current>> find(
                Link link, List<LeaseRequest> requests, Need need, @Nullable Duration stub) {
            return requests.isEmpty()
                    ? CompletableFuture.completedFuture(List.of())
                    : records.find(link, Records.mapped(requests, request -> keys.record(request.key())), need, stub);
        }

        private static void put(
                IdentityHashMap<LeaseRequest, Current> all, List<LeaseRequest> requests, List<Current> found) {
            for (int i = 0; i < requests.size(); i++) {
                all.put(requests.get(i), found.get(i));
            }
        }

        private CompletableFuture<List<LeaseReply>> decide(
                Link link, List<LeaseRequest> requests, IdentityHashMap<LeaseRequest, Current> found) {
            if (isLate(issuedAt)) {
                giveBack(link, found);
                return CompletableFuture.failedFuture(late());
            }
            IdentityHashMap<LeaseRequest, LeaseReply> replies = new IdentityHashMap<>();
            List<LeaseRequest> beside = new ArrayList<>();
            List<LeaseRequest> changed = new ArrayList<>();
            found.forEach((request, current) -> {
                byte[] judged = Current.identity(request.judged());
                byte[] there = Current.identity(readingOf(current));
                if (!Arrays.equals(judged, there)) {
                    changed.add(request);
                } else if (current.state() == State.ITEM) {
                    beside.add(request);
                } else if (current.state() == State.OUR_STUB) {
                    replies.put(
                            request,
                            granted(
                                    request.key(),
                                    new Leases.Held(
                                            link,
                                            current.cas(),
                                            FarRecord.NO_SOURCE_VERSION,
                                            over(issuedAt, time),
                                            null)));
                } else {
                    replies.put(request, new LeaseReply.Busy());
                }
            });
            return leaseBeside(link, beside, found, replies)
                    .thenCompose(done -> tellChanged(link, changed, replies))
                    .thenApply(
                            done -> Records.mapped(requests, request -> Objects.requireNonNull(replies.get(request))));
        }

        /** A record that is there stays as it is, so that its lease is an item of its own. */
        private CompletableFuture<Void> leaseBeside(
                Link link,
                List<LeaseRequest> requests,
                IdentityHashMap<LeaseRequest, Current> found,
                IdentityHashMap<LeaseRequest, LeaseReply> replies) {
            if (requests.isEmpty()) {
                return CompletableFuture.completedFuture(null);
            }
            List<Ask> asks = Records.mapped(
                    requests,
                    request -> new Ask.Store(
                            keys.lease(request.key()), new byte[] {'L'}, Flags.STUB, Ttl.brief(time), Ask.NOTHING));
            return link.ask(asks).thenAccept(answers -> {
                boolean late = isLate(issuedAt);
                for (int i = 0; i < answers.size(); i++) {
                    LeaseRequest request = requests.get(i);
                    Records.failIfRefused(answers.get(i));
                    if (!(answers.get(i) instanceof Reply.Stored stored)) {
                        replies.put(request, new LeaseReply.Busy());
                    } else if (late) {
                        link.ask(List.of(new Ask.Delete(keys.lease(request.key()), stored.cas())));
                    } else {
                        Current current = Objects.requireNonNull(found.get(request));
                        replies.put(request, granted(request.key(), heldBeside(current, stored.cas())));
                    }
                }
                if (late) {
                    throw late();
                }
            });
        }

        private Leases.Held heldBeside(Current current, long leaseCas) {
            return new Leases.Held(
                    current.link(),
                    current.cas(),
                    current.sourceVersion(),
                    over(issuedAt, time),
                    new Leases.Beside(leaseCas, ends(current)));
        }

        private long ends(Current current) {
            if (current.secondsLeft() != Reply.Item.UNKNOWN) {
                return issuedAt + TimeUnit.SECONDS.toNanos(Math.max(0, current.secondsLeft() - 1));
            }
            FarRecord record = current.record();
            return record == null
                    ? Long.MAX_VALUE / 2 + issuedAt / 2
                    : issuedAt + TimeUnit.MILLISECONDS.toNanos(record.life().goneAt() - nowMillis(node));
        }

        private CompletableFuture<Void> tellChanged(
                Link link, List<LeaseRequest> changed, IdentityHashMap<LeaseRequest, LeaseReply> replies) {
            if (changed.isEmpty()) {
                return CompletableFuture.completedFuture(null);
            }
            return find(link, changed, Need.WHOLE, null).thenAccept(found -> {
                long shift = nodes.shift(node);
                for (int i = 0; i < changed.size(); i++) {
                    FarReading reading = Records.shifted(readingOf(found.get(i)), shift);
                    replies.put(changed.get(i), new LeaseReply.Changed(reading));
                }
            });
        }

        private void giveBack(Link link, IdentityHashMap<LeaseRequest, Current> found) {
            List<Ask> asks = new ArrayList<>();
            found.forEach((request, current) -> {
                if (current.state() == State.OUR_STUB) {
                    asks.add(new Ask.Delete(keys.record(request.key()), current.cas()));
                }
            });
            if (!asks.isEmpty()) {
                link.ask(asks);
            }
        }
    }

    @Override
    public CompletionStage<List<FillReply>> fill(List<FillRequest> requests) {
        if (isClosed()) {
            return closedFailure();
        }
        long issuedAt = System.nanoTime();
        return nodes.onEach(
                requests,
                request -> keys.record(request.lease().key()),
                (node, part) -> fill(node, part, issuedAt),
                null);
    }

    private record Filling(FillRequest request, String name, Encoded encoded, Leases.Held held) {}

    /** A record with its bytes. */
    private record Encoded(FarRecord record, byte[] bytes) {
        Encoded(FarRecord record) {
            this(record, RecordBytes.encode(record));
        }
    }

    private CompletableFuture<List<FillReply>> fill(Node node, List<FillRequest> requests, long issuedAt) {
        IdentityHashMap<FillRequest, FillReply> replies = new IdentityHashMap<>();
        Map<Link, List<Filling>> byLink = new HashMap<>();
        List<CompletableFuture<?>> parts = new ArrayList<>();
        for (FillRequest request : requests) {
            Leases.Held held = leases.remove(request.lease());
            replies.put(request, new FillReply.Refused());
            if (held == null) {
                continue;
            }
            if (held.link().hasEnded() && System.nanoTime() - held.over() < 0) {
                return CompletableFuture.failedFuture(
                        new MemcachedUnreachableException(node + ": the lease was lost with its connection", null));
            }
            String name = keys.record(request.lease().key());
            Encoded encoded;
            try {
                encoded = new Encoded(
                        record(node, request.draft(), request.draft().seq()));
            } catch (IllegalArgumentException e) {
                return CompletableFuture.failedFuture(e);
            }
            boolean fits = fits(held.link(), name, encoded);
            if (!Leases.stands(held) || !fits || isOlder(request.draft().sourceVersion(), held.sourceVersion())) {
                // Another node may ask for the lease as soon as this is answered. Whether it could be given back
                // changes nothing.
                parts.add(giveBack(request.lease().key(), held).handle((done, failure) -> true));
                continue;
            }
            byLink.computeIfAbsent(held.link(), link -> new ArrayList<>())
                    .add(new Filling(request, name, encoded, held));
        }
        byLink.forEach((link, fillings) -> parts.add(fill(link, node, fillings, issuedAt, replies)));
        return CompletableFuture.allOf(parts.toArray(CompletableFuture[]::new))
                .thenApply(done -> Records.mapped(requests, request -> Objects.requireNonNull(replies.get(request))));
    }

    private CompletableFuture<Void> fill(
            Link link,
            Node node,
            List<Filling> fillings,
            long issuedAt,
            IdentityHashMap<FillRequest, FillReply> replies) {
        List<Ask> asks = new ArrayList<>();
        for (Filling filling : fillings) {
            asks.add(store(node, filling, filling.held().cas()));
            Leases.Beside beside = filling.held().beside();
            if (beside != null) {
                asks.add(new Ask.Delete(keys.lease(filling.request().lease().key()), beside.cas()));
            }
        }
        return link.ask(asks).thenCompose(answers -> {
            List<Filling> again = new ArrayList<>();
            int at = 0;
            for (Filling filling : fillings) {
                Reply answer = answers.get(at++);
                Leases.Beside beside = filling.held().beside();
                boolean stood = beside != null && answers.get(at++) instanceof Reply.Done;
                Records.failIfRefused(answer instanceof Reply.TooLarge ? Reply.CONFLICT : answer);
                if (answer instanceof Reply.Stored stored) {
                    replies.put(filling.request(), filled(link, filling, stored.cas(), issuedAt));
                } else if (answer instanceof Reply.Missing
                        && stood
                        && beside != null
                        && System.nanoTime() - beside.recordEnds() >= 0) {
                    again.add(filling);
                } else if (answer instanceof Reply.TooLarge) {
                    tooLarge(filling.encoded());
                }
            }
            return again.isEmpty() ? DONE : fillWhereItEnded(link, node, again, issuedAt, replies);
        });
    }

    private static final CompletableFuture<Void> DONE = CompletableFuture.completedFuture(null);

    /** The record merely reached its end while its lease stood. */
    private CompletableFuture<Void> fillWhereItEnded(
            Link link,
            Node node,
            List<Filling> fillings,
            long issuedAt,
            IdentityHashMap<FillRequest, FillReply> replies) {
        return link.ask(Records.mapped(fillings, filling -> store(node, filling, Ask.NOTHING)))
                .thenAccept(answers -> {
                    for (int i = 0; i < answers.size(); i++) {
                        if (answers.get(i) instanceof Reply.Stored stored) {
                            Filling filling = fillings.get(i);
                            replies.put(filling.request(), filled(link, filling, stored.cas(), issuedAt));
                        }
                    }
                });
    }

    private static Ask.Store store(Node node, Filling filling, long cas) {
        Duration life = filling.request().draft().lifetime().whole();
        return new Ask.Store(
                filling.name(),
                filling.encoded().bytes(),
                Flags.of(filling.encoded().record()),
                Ttl.of(life, node.clock().micros()),
                cas);
    }

    /** A fill that came late, and found that nothing had changed, is taken back. */
    private FillReply filled(Link link, Filling filling, long cas, long issuedAt) {
        if (isLate(issuedAt)) {
            link.ask(List.of(new Ask.Delete(filling.name(), cas)));
            return new FillReply.Refused();
        }
        records.saw(link, filling.name(), Records.versioned(filling.encoded().record(), cas));
        return new FillReply.Stored(cas);
    }

    @Override
    public CompletionStage<Void> release(List<FarLease> given) {
        if (isClosed()) {
            return closedFailure();
        }
        List<CompletableFuture<?>> all = new ArrayList<>();
        for (FarLease lease : given) {
            Leases.Held held = leases.remove(lease);
            if (held != null) {
                all.add(giveBack(lease.key(), held));
            }
        }
        return CompletableFuture.allOf(all.toArray(CompletableFuture[]::new));
    }

    private CompletableFuture<?> giveBack(String key, Leases.Held held) {
        if (held.link().hasEnded()) {
            return DONE;
        }
        Leases.Beside beside = held.beside();
        return held.link()
                .ask(List.of(
                        beside == null
                                ? new Ask.Delete(keys.record(key), held.cas())
                                : new Ask.Delete(keys.lease(key), beside.cas())));
    }

    @Override
    public CompletionStage<List<WriteReply>> put(List<PutRequest> requests) {
        CompletableFuture<Long> counter = requests.isEmpty() ? CompletableFuture.completedFuture(0L) : counter();
        boolean versioned =
                requests.stream().anyMatch(request -> request.draft().sourceVersion() != FarRecord.NO_SOURCE_VERSION);
        return changes(
                requests,
                PutRequest::key,
                new Reading(versioned ? Need.SOURCE_VERSION : Need.PRESENCE, true, counter),
                (node, request, current) -> put(node, request, current, counter));
    }

    @Override
    public CompletionStage<WriteReply> putIfUnchanged(PutRequest request, FarReading judged) {
        CompletableFuture<Long> counter = counter();
        byte[] identity = Current.identity(judged);
        return changes(
                        List.of(request),
                        PutRequest::key,
                        new Reading(Need.HEADER, identity.length == 0, counter),
                        (node, one, current) -> Arrays.equals(identity, Current.identity(readingOf(current)))
                                ? put(node, one, current, counter)
                                : new Plan.Reread<>(WriteReply.Changed::new))
                .thenApply(replies -> replies.get(0));
    }

    private Plan<WriteReply> put(Node node, PutRequest request, Current current, CompletableFuture<Long> counter) {
        RecordDraft draft = request.draft();
        if (isOlder(draft.sourceVersion(), current.sourceVersion())) {
            return new Plan.Answer<>(new WriteReply.OlderSource());
        }
        long seq = Math.max(draft.seq(), counter.join());
        Encoded record = new Encoded(record(node, draft, seq));
        if (!fits(current.link(), keys.record(request.key()), record)) {
            // What was there must go all the same.
            Duration life = draft.lifetime().whole();
            return new Plan.Write<>(
                    new Encoded(tombstone(node, current, life)), life, version -> new WriteReply.Stored(version, seq));
        }
        return new Plan.Write<>(record, draft.lifetime().whole(), version -> new WriteReply.Stored(version, seq));
    }

    /** The cache's counter; too low a sequence merely makes a reader ask again, so that a lost server does not stop writes. */
    private CompletableFuture<Long> counter() {
        return sequences.read(List.of(keys.counter())).handle((read, failure) -> {
            Sequences.Sequence number = failure == null ? read.get(keys.counter()) : null;
            return number == null ? 0L : number.value();
        });
    }

    @Override
    public CompletionStage<List<WriteReply>> invalidate(Collection<String> wanted, Duration tombstoneTime) {
        return changes(
                List.copyOf(wanted),
                key -> key,
                new Reading(Need.SOURCE_VERSION, true, DONE),
                (node, key, current) -> new Plan.Write<>(
                        new Encoded(tombstone(node, current, tombstoneTime)),
                        tombstoneTime,
                        version -> new WriteReply.Stored(version, 0)));
    }

    private static FarRecord tombstone(Node node, Current current, Duration time) {
        long goneAt = nowMillis(node) + bounded(time);
        return new FarRecord(
                new FarRecord.Stamp(0, ThreadLocalRandom.current().nextLong(), current.sourceVersion(), 0),
                new FarRecord.Life(goneAt, goneAt),
                FarRecord.Attributes.NONE,
                new FarRecord.Content(FarRecord.State.TOMBSTONE, 0, null, ByteBuffer.allocate(0)));
    }

    @Override
    public CompletionStage<WriteReply> expire(String key, long writeId) {
        return changes(
                        List.of(key),
                        one -> one,
                        new Reading(Need.WHOLE, false, DONE),
                        (node, one, current) -> expired(node, current, writeId))
                .thenApply(replies -> replies.get(0));
    }

    private static Plan<WriteReply> expired(Node node, Current current, long writeId) {
        FarRecord record = current.record();
        long now = nowMillis(node);
        if (record == null
                || record.content().state() == FarRecord.State.TOMBSTONE
                || record.life().goneAt() <= now) {
            return new Plan.EndLease<>(new WriteReply.Unchanged());
        }
        FarRecord.Stamp stamp = record.stamp();
        FarRecord.Life life = record.life();
        Duration left = current.secondsLeft() == Reply.Item.UNKNOWN
                ? Duration.ofMillis(life.goneAt() - now)
                : Duration.ofSeconds(Math.max(0, current.secondsLeft() - 1));
        FarRecord stale = new FarRecord(
                new FarRecord.Stamp(0, writeId, stamp.sourceVersion(), stamp.seq()),
                // Not now: to nodes whose far clock is a little behind that would still be to come.
                new FarRecord.Life(life.freshUntil() > now ? 0 : life.freshUntil(), life.goneAt()),
                record.attributes(),
                record.content());
        return new Plan.Write<>(new Encoded(stale), left, version -> new WriteReply.Stored(version, stamp.seq()));
    }

    @Override
    public CompletionStage<Void> touch(List<String> wanted, Duration idle) {
        if (isClosed()) {
            return closedFailure();
        }
        long issuedAt = System.nanoTime();
        return nodes.onEach(
                        wanted,
                        keys::record,
                        (node, part) -> node.call(link -> records.find(link, names(part), Need.HEADER, null)
                                .thenCompose(found -> touch(node, link, part, found, idle, issuedAt))),
                        key -> Boolean.FALSE)
                .thenAccept(done -> {});
    }

    private CompletableFuture<List<Boolean>> touch(
            Node node, Link link, List<String> wanted, List<Current> found, Duration idle, long issuedAt) {
        if (isLate(issuedAt)) {
            return CompletableFuture.failedFuture(late());
        }
        List<Ask> asks = new ArrayList<>();
        for (int i = 0; i < found.size(); i++) {
            FarRecord record = found.get(i).record();
            if (record != null && record.content().state() != FarRecord.State.TOMBSTONE) {
                long left = Math.max(0, record.life().goneAt() - nowMillis(node));
                Duration life = Duration.ofMillis(Math.min(left, bounded(idle)));
                asks.add(new Ask.Touch(
                        keys.record(wanted.get(i)), Ttl.of(life, node.clock().micros())));
            }
        }
        List<Boolean> all = Records.mapped(found, one -> Boolean.TRUE);
        return asks.isEmpty()
                ? CompletableFuture.completedFuture(all)
                : link.ask(asks).thenApply(done -> all);
    }

    /**
     * What a write does with what is there.
     *
     * @param <R> what the writer is answered
     */
    private sealed interface Plan<R> {
        /** Nothing. */
        record Answer<R>(R reply) implements Plan<R> {}

        /** Only that nobody who is loading may fill any more. */
        record EndLease<R>(R reply) implements Plan<R> {}

        /** Tells what is there. */
        record Reread<R>(Function<FarReading, R> reply) implements Plan<R> {}

        /** Replaces it. */
        record Write<R>(Encoded encoded, Duration life, LongFunction<R> reply) implements Plan<R> {}
    }

    /** Decides what to do with what is there. */
    @FunctionalInterface
    private interface Decision<Q> {
        Plan<WriteReply> decide(Node node, Q request, Current current);
    }

    /**
     * What has to be known before it is decided.
     *
     * @param stub whether a stub is left where there is nothing, so that there is something to replace
     * @param besides what else is asked for meanwhile
     */
    private record Reading(Need need, boolean stub, CompletableFuture<?> besides) {}

    /** Reads what is there, decides, and writes where nothing has changed in between; else begins again. */
    private <Q> CompletableFuture<List<WriteReply>> changes(
            List<Q> requests, Function<Q, String> key, Reading reading, Decision<Q> decision) {
        if (isClosed()) {
            return closedFailure();
        }
        long issuedAt = System.nanoTime();
        return nodes.onEachApart(
                requests,
                request -> keys.record(key.apply(request)),
                (node, part) -> new Changing<>(node, key, reading, decision, issuedAt).change(part, MOST_ATTEMPTS),
                WriteReply.Failed::new);
    }

    /** Writes on one server, made together. */
    private final class Changing<Q> {

        private final Node node;
        private final Function<Q, String> key;
        private final Reading reading;
        private final Decision<Q> decision;
        private final long issuedAt;

        Changing(Node node, Function<Q, String> key, Reading reading, Decision<Q> decision, long issuedAt) {
            this.node = node;
            this.key = key;
            this.reading = reading;
            this.decision = decision;
            this.issuedAt = issuedAt;
        }

        CompletableFuture<List<WriteReply>> change(List<Q> requests, int attempts) {
            if (attempts == 0) {
                return CompletableFuture.failedFuture(
                        new IllegalStateException("others change the same keys all the time"));
            }
            List<String> names = Records.mapped(requests, this::name);
            Duration stub = reading.stub() ? WRITE_STUB : null;
            return node.call(link -> records.find(link, names, reading.need(), stub)
                    .thenCombine(reading.besides(), (found, known) -> found)
                    .thenCompose(found -> write(link, requests, found, attempts)));
        }

        private String name(Q request) {
            return keys.record(key.apply(request));
        }

        private CompletableFuture<List<WriteReply>> write(
                Link link, List<Q> requests, List<Current> found, int attempts) {
            boolean late = isLate(issuedAt);
            List<Plan<WriteReply>> plans = new ArrayList<>(requests.size());
            List<Ask> asks = new ArrayList<>();
            int[] places = new int[requests.size()];
            for (int i = 0; i < requests.size(); i++) {
                places[i] = asks.size();
                Plan<WriteReply> plan;
                try {
                    plan = late
                            ? new Plan.Answer<>(new WriteReply.Late())
                            : decision.decide(node, requests.get(i), found.get(i));
                    asks.addAll(asks(requests.get(i), found.get(i), plan));
                } catch (IllegalArgumentException e) {
                    return CompletableFuture.failedFuture(e);
                }
                plans.add(plan);
            }
            CompletableFuture<List<Reply>> answers =
                    asks.isEmpty() ? CompletableFuture.completedFuture(List.of()) : link.ask(asks);
            return answers.thenCompose(all -> finish(link, requests, new Tried(plans, places, all), attempts));
        }

        /** @param places where the answers to each plan begin */
        private record Tried(List<Plan<WriteReply>> plans, int[] places, List<Reply> answers) {}

        private List<Ask> asks(Q request, Current current, Plan<WriteReply> plan) {
            Ask endLease = new Ask.Delete(keys.lease(key.apply(request)), Ask.ANY);
            if (plan instanceof Plan.Write<WriteReply> write) {
                return List.of(
                        new Ask.Store(
                                name(request),
                                write.encoded().bytes(),
                                Flags.of(write.encoded().record()),
                                Ttl.of(write.life(), node.clock().micros()),
                                current.cas()),
                        endLease);
            }
            boolean ends = plan instanceof Plan.EndLease<WriteReply>;
            if (current.state() == State.OUR_STUB || (ends && current.state() == State.STUB)) {
                return List.of(new Ask.Delete(name(request), current.cas()), endLease);
            }
            return ends ? List.of(endLease) : List.of();
        }

        private CompletableFuture<List<WriteReply>> finish(Link link, List<Q> requests, Tried tried, int attempts) {
            Map<Integer, WriteReply> replies = new HashMap<>();
            List<Integer> again = new ArrayList<>();
            List<Integer> reread = new ArrayList<>();
            for (int i = 0; i < requests.size(); i++) {
                Plan<WriteReply> plan = tried.plans().get(i);
                if (plan instanceof Plan.Write<WriteReply> write) {
                    Reply answer = tried.answers().get(tried.places()[i]);
                    Records.failIfRefused(answer);
                    if (answer instanceof Reply.Stored stored) {
                        records.saw(
                                link,
                                name(requests.get(i)),
                                Records.versioned(write.encoded().record(), stored.cas()));
                        replies.put(i, write.reply().apply(stored.cas()));
                    } else {
                        again.add(i);
                    }
                } else if (plan instanceof Plan.Answer<WriteReply> answer) {
                    replies.put(i, answer.reply());
                } else if (plan instanceof Plan.EndLease<WriteReply> ended) {
                    replies.put(i, ended.reply());
                } else {
                    reread.add(i);
                }
            }
            return reread(link, requests, reread, tried, replies)
                    .thenCompose(done -> again.isEmpty()
                            ? CompletableFuture.completedFuture(List.<WriteReply>of())
                            : change(Records.mapped(again, requests::get), attempts - 1))
                    .thenApply(repeated -> {
                        for (int i = 0; i < again.size(); i++) {
                            replies.put(again.get(i), repeated.get(i));
                        }
                        List<WriteReply> ordered = new ArrayList<>(requests.size());
                        for (int i = 0; i < requests.size(); i++) {
                            ordered.add(Objects.requireNonNull(replies.get(i)));
                        }
                        return ordered;
                    });
        }

        private CompletableFuture<Void> reread(
                Link link, List<Q> requests, List<Integer> which, Tried tried, Map<Integer, WriteReply> replies) {
            if (which.isEmpty()) {
                return DONE;
            }
            List<String> names = Records.mapped(which, i -> name(requests.get(i)));
            return records.find(link, names, Need.WHOLE, null).thenAccept(found -> {
                long shift = nodes.shift(node);
                for (int i = 0; i < which.size(); i++) {
                    if (tried.plans().get(which.get(i)) instanceof Plan.Reread<WriteReply> plan) {
                        FarReading current = Records.shifted(readingOf(found.get(i)), shift);
                        replies.put(which.get(i), plan.reply().apply(current));
                    }
                }
            });
        }
    }

    @Override
    public CompletionStage<MarkerReading> markers(Collection<String> names) {
        if (isClosed()) {
            return closedFailure();
        }
        return sequences.read(counterAnd(names)).thenApply(read -> reading(names, read));
    }

    @Override
    public CompletionStage<MarkerReading> ensureMarkers(Collection<String> names, Duration life) {
        if (isClosed()) {
            return closedFailure();
        }
        long issuedAt = System.nanoTime();
        return sequences.read(counterAnd(names)).thenCompose(read -> {
            if (isLate(issuedAt)) {
                return CompletableFuture.failedFuture(late());
            }
            long highest = highest(read, names);
            return sequences
                    .update(
                            List.of(keys.counter()),
                            (node, number) -> number == null
                                    ? new Sequences.Sequence(Math.max(nowSequence(node), highest), twice(node, life))
                                    : prolonged(node, number, life))
                    .thenCompose(counter -> ensure(names, life, value(counter), read));
        });
    }

    private CompletableFuture<MarkerReading> ensure(
            Collection<String> names, Duration life, long seq, Map<String, Sequences.Sequence> before) {
        Collection<String> items = items(names);
        return sequences
                .update(
                        items,
                        (node, number) -> number == null
                                ? new Sequences.Sequence(seq, twice(node, life))
                                : prolonged(node, number, life))
                .thenCompose(markers -> before.keySet().containsAll(items)
                        ? CompletableFuture.completedFuture(reading(names, with(markers, seq, life)))
                        : afterCreation(names, life, seq, markers));
    }

    /** A marker that was created while the counter rose might be lower than one that was raised and lost meanwhile. */
    private CompletableFuture<MarkerReading> afterCreation(
            Collection<String> names, Duration life, long seq, Map<String, Sequences.Sequence> created) {
        return sequences.read(List.of(keys.counter())).thenCompose(counter -> {
            Sequences.Sequence now = counter.get(keys.counter());
            if (now == null || now.value() == seq) {
                return CompletableFuture.completedFuture(reading(names, with(created, seq, life)));
            }
            return raised(names, life, now.value());
        });
    }

    @Override
    public CompletionStage<MarkerReading> raiseMarkers(Collection<String> names, Duration life) {
        if (isClosed()) {
            return closedFailure();
        }
        long issuedAt = System.nanoTime();
        return sequences.read(counterAnd(names)).thenCompose(read -> {
            if (isLate(issuedAt)) {
                return CompletableFuture.failedFuture(late());
            }
            long above = highest(read, names) + 1;
            return sequences
                    .update(List.of(keys.counter()), (node, number) -> {
                        long next = Math.max(number == null ? 0 : number.value() + 1, above);
                        long end = twice(node, life);
                        return new Sequences.Sequence(
                                Math.max(next, nowSequence(node)),
                                number == null ? end : Sequences.later(end, number.end()));
                    })
                    .thenCompose(counter -> raised(names, life, value(counter)));
        });
    }

    private CompletableFuture<MarkerReading> raised(Collection<String> names, Duration life, long seq) {
        return sequences
                .update(items(names), (node, number) -> {
                    long end = twice(node, life);
                    return number == null
                            ? new Sequences.Sequence(seq, end)
                            : new Sequences.Sequence(Math.max(seq, number.value()), Sequences.later(end, number.end()));
                })
                .thenApply(markers -> reading(names, with(markers, seq, life)));
    }

    private Map<String, Sequences.Sequence> with(Map<String, Sequences.Sequence> markers, long seq, Duration life) {
        Map<String, Sequences.Sequence> all = new HashMap<>(markers);
        all.put(keys.counter(), new Sequences.Sequence(seq, life.toSeconds()));
        return all;
    }

    private long value(Map<String, Sequences.Sequence> counter) {
        return Objects.requireNonNull(counter.get(keys.counter())).value();
    }

    private long highest(Map<String, Sequences.Sequence> read, Collection<String> names) {
        long highest = 0;
        for (String item : items(names)) {
            Sequences.Sequence number = read.get(item);
            highest = Math.max(highest, number == null ? 0 : number.value());
        }
        return highest;
    }

    private static Sequences.Sequence prolonged(Node node, Sequences.Sequence number, Duration life) {
        long needed = Sequences.end(node, life);
        boolean enough = number.end() == 0 || (needed != 0 && number.end() >= needed);
        return enough ? number : new Sequences.Sequence(number.value(), twice(node, life));
    }

    /** Twice as long as asked for, so that few calls have to write. */
    private static long twice(Node node, Duration life) {
        return Sequences.end(node, Duration.ofMillis(2 * Math.min(bounded(life), Long.MAX_VALUE / 4)));
    }

    private static long nowSequence(Node node) {
        return node.clock().micros() + SEQUENCE_MARGIN;
    }

    private MarkerReading reading(Collection<String> names, Map<String, Sequences.Sequence> read) {
        Map<String, Long> markers = new HashMap<>();
        for (String name : names) {
            Sequences.Sequence number = read.get(keys.marker(name));
            if (number != null) {
                markers.put(name, number.value());
            }
        }
        Sequences.Sequence counter = read.get(keys.counter());
        return new MarkerReading(markers, counter == null ? 0 : counter.value());
    }

    private Collection<String> items(Collection<String> names) {
        return names.stream().map(keys::marker).distinct().toList();
    }

    private Collection<String> counterAnd(Collection<String> names) {
        List<String> all = new ArrayList<>(items(names));
        all.add(keys.counter());
        return all;
    }

    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            tally.onClose().run();
        }
    }

    private boolean isClosed() {
        return closed.get() || nodes.isClosed();
    }

    private static <T> CompletableFuture<T> closedFailure() {
        return CompletableFuture.failedFuture(new IllegalStateException("this cache's far store is closed"));
    }

    private boolean isLate(long issuedAt) {
        return System.nanoTime() - issuedAt > budgetNanos;
    }

    private static IllegalStateException late() {
        return new IllegalStateException("the request came past its deadline");
    }

    private List<String> names(List<String> wanted) {
        return wanted.size() == 1 ? List.of(keys.record(wanted.get(0))) : Records.mapped(wanted, keys::record);
    }

    private boolean fits(Link link, String name, Encoded record) {
        boolean fits = (long) record.bytes().length + name.length() + ITEM_OVERHEAD <= link.itemLimit();
        if (!fits) {
            tooLarge(record);
        }
        return fits;
    }

    private void tooLarge(Encoded record) {
        tally.tooLarge().increment();
        LOG.trace("A record of {} bytes is larger than the server takes", record.bytes().length);
    }

    private static FarRecord record(Node node, RecordDraft draft, long seq) {
        long now = nowMillis(node);
        return new FarRecord(
                new FarRecord.Stamp(0, draft.writeId(), draft.sourceVersion(), seq),
                new FarRecord.Life(
                        now + bounded(draft.lifetime().fresh()),
                        now + bounded(draft.lifetime().whole())),
                draft.attributes(),
                draft.content());
    }

    private static long nowMillis(Node node) {
        return TimeUnit.MICROSECONDS.toMillis(node.clock().micros());
    }

    private static long bounded(Duration time) {
        long longest = TimeUnit.DAYS.toMillis(36_500);
        return time.compareTo(Duration.ofMillis(longest)) > 0 ? longest : Math.max(0, time.toMillis());
    }

    private static boolean isOlder(long drafted, long stored) {
        return drafted != FarRecord.NO_SOURCE_VERSION && drafted < stored;
    }
}
