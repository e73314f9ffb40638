package dev.terrace.cache.redis;

import dev.terrace.cache.spi.ChangeFeed;
import dev.terrace.cache.spi.FarClock;
import dev.terrace.cache.spi.FarReading;
import dev.terrace.cache.spi.FarRecord;
import dev.terrace.cache.spi.FarStore;
import dev.terrace.cache.spi.RecordDraft;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.cluster.SlotHash;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * One cache's records in a cluster of Redis. Each key is asked of the primary that holds it, all keys of an operation at once;
 * what a node says is elsewhere is asked there. The counter and the markers of a cache are together in one slot.
 *
 * <p>Each primary has a clock of its own. Records' times are told in the first one's, whatever that is.
 */
final class ClusterFarStore implements FarStore {

    /** The first time, and after each thing that a node may say of a slot. */
    private static final int MOST_ATTEMPTS = 5;

    private static final long UNSTABLE_MILLIS = 10;

    private final ClusterServers servers;
    private final RedisKeys keys;
    private final Duration budget;
    private final @Nullable ClusterFeed feed;
    private final Runnable onClose;
    private final KnownSequence sequence = new KnownSequence();
    private final Map<ClusterServers.Node, RedisFarStore> stores = new ConcurrentHashMap<>();
    private final AtomicBoolean closed = new AtomicBoolean();

    /** @param feed null where nothing is told */
    ClusterFarStore(
            ClusterServers servers, RedisKeys keys, Duration budget, @Nullable ClusterFeed feed, Runnable onClose) {
        this.servers = servers;
        this.keys = keys;
        this.budget = budget;
        this.feed = feed;
        this.onClose = onClose;
    }

    @Override
    public FarClock clock() {
        return servers::millis;
    }

    @Override
    public CompletionStage<Void> ping() {
        return closed.get()
                ? closedFailure()
                : servers.firstSlots().handle((done, failure) -> servers).thenCompose(ClusterServers::ping);
    }

    @Override
    public CompletionStage<List<FarReading>> read(List<String> wanted) {
        return each(
                wanted,
                keys::record,
                Kind.READ,
                (key, from, store) -> store.read(List.of(key)).thenApply(readings -> inOurTime(from, readings.get(0))));
    }

    @Override
    public CompletionStage<List<FarReading>> readHeaders(List<String> wanted) {
        return each(
                wanted,
                keys::record,
                Kind.READ,
                (key, from, store) ->
                        store.readHeaders(List.of(key)).thenApply(readings -> inOurTime(from, readings.get(0))));
    }

    @Override
    public CompletionStage<List<LeaseReply>> lease(List<LeaseRequest> requests, Duration time) {
        return each(
                requests,
                request -> keys.record(request.key()),
                Kind.SCRIPT,
                (request, from, store) ->
                        store.lease(List.of(request), time).thenApply(replies -> leased(from, replies.get(0))));
    }

    @Override
    public CompletionStage<List<FillReply>> fill(List<FillRequest> requests) {
        return each(
                requests,
                request -> keys.record(request.lease().key()),
                Kind.SCRIPT,
                (request, from, store) -> store.fill(List.of(request)).thenApply(replies -> replies.get(0)));
    }

    @Override
    public CompletionStage<Void> release(List<FarLease> leases) {
        CompletionStage<List<Boolean>> released = each(
                leases,
                lease -> keys.record(lease.key()),
                Kind.SCRIPT,
                (lease, from, store) -> store.release(List.of(lease)).thenApply(none -> true));
        return released.thenAccept(done -> {});
    }

    /** The counter is on a server of its own: it is read first, and what was invalidated before the put stays invalidated. */
    @Override
    public CompletionStage<List<WriteReply>> put(List<PutRequest> requests) {
        long issuedAt = System.nanoTime();
        return counter()
                .thenCompose(seq -> eachWrite(
                        issuedAt,
                        requests,
                        request -> keys.record(request.key()),
                        (request, from, store) -> store.put(List.of(atLeast(request, seq)))
                                .thenApply(replies -> written(from, replies.get(0)))));
    }

    @Override
    public CompletionStage<WriteReply> putIfUnchanged(PutRequest request, FarReading judged) {
        long issuedAt = System.nanoTime();
        return counter()
                .thenCompose(seq -> one(new Question<>(
                        keys.record(request.key()),
                        Kind.SCRIPT,
                        issuedAt,
                        Outlet.AT_ONCE,
                        (from, store) -> store.putIfUnchanged(atLeast(request, seq), judged)
                                .thenApply(reply -> written(from, reply)))));
    }

    private CompletionStage<Long> counter() {
        return markers(List.of()).thenApply(MarkerReading::seq);
    }

    private static PutRequest atLeast(PutRequest request, long seq) {
        RecordDraft draft = request.draft();
        return draft.seq() >= seq
                ? request
                : new PutRequest(
                        request.key(),
                        new RecordDraft(
                                draft.writeId(),
                                draft.sourceVersion(),
                                seq,
                                draft.lifetime(),
                                draft.attributes(),
                                draft.content()));
    }

    @Override
    public CompletionStage<List<WriteReply>> invalidate(Collection<String> wanted, Duration tombstoneTime) {
        return eachWrite(
                System.nanoTime(),
                List.copyOf(wanted),
                keys::record,
                (key, from, store) ->
                        store.invalidate(List.of(key), tombstoneTime).thenApply(replies -> replies.get(0)));
    }

    @Override
    public CompletionStage<WriteReply> expire(String key, long writeId) {
        return one(new Question<>(
                keys.record(key),
                Kind.SCRIPT,
                System.nanoTime(),
                Outlet.AT_ONCE,
                (from, store) -> store.expire(key, writeId)));
    }

    @Override
    public CompletionStage<Void> touch(List<String> wanted, Duration idle) {
        CompletionStage<List<Boolean>> touched = each(
                wanted,
                keys::record,
                Kind.SCRIPT,
                (key, from, store) -> store.touch(List.of(key), idle).thenApply(none -> true));
        return touched.thenAccept(done -> {});
    }

    @Override
    public CompletionStage<MarkerReading> markers(Collection<String> names) {
        return ofMarkers(store -> store.markers(names));
    }

    @Override
    public CompletionStage<MarkerReading> ensureMarkers(Collection<String> names, Duration life) {
        return ofMarkers(store -> store.ensureMarkers(names, life));
    }

    @Override
    public CompletionStage<MarkerReading> raiseMarkers(Collection<String> names, Duration life) {
        return ofMarkers(store -> store.raiseMarkers(names, life));
    }

    private CompletionStage<MarkerReading> ofMarkers(Function<RedisFarStore, CompletionStage<MarkerReading>> asked) {
        return one(new Question<>(
                keys.counter(), Kind.SCRIPT, System.nanoTime(), Outlet.AT_ONCE, (from, store) -> asked.apply(store)));
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

    /** What is asked. */
    private enum Kind {
        /** One key, which a server answers too that is only being given its slot. */
        READ,
        /** Several keys of a slot, which no server answers until the slot has moved. */
        SCRIPT
    }

    /** Asks the server that holds a key. */
    @FunctionalInterface
    private interface Asked<T> {
        CompletionStage<T> of(ClusterServers.Node from, RedisFarStore store);
    }

    /** The same for one of many requests. */
    @FunctionalInterface
    private interface AskedFor<Q, T> {
        CompletionStage<T> of(Q request, ClusterServers.Node from, RedisFarStore store);
    }

    /**
     * What is asked of the server that holds a key.
     *
     * @param issuedAt since when it has its budget, wherever it has been since; in local nanoseconds
     */
    private record Question<T>(String key, Kind kind, long issuedAt, Outlet outlet, Asked<T> asked) {

        private RedisFarStore of(RedisFarStore store) {
            RedisFarStore sending = outlet == Outlet.AT_ONCE ? store : store.through(outlet);
            return kind == Kind.SCRIPT ? sending.issuedAt(issuedAt) : sending;
        }
    }

    private <Q, T> CompletionStage<List<T>> each(
            List<Q> requests, Function<Q, String> key, Kind kind, AskedFor<Q, T> asked) {
        return each(System.nanoTime(), requests, key, kind, asked);
    }

    private <Q, T> CompletionStage<List<T>> each(
            long issuedAt, List<Q> requests, Function<Q, String> key, Kind kind, AskedFor<Q, T> asked) {
        return all(answers(issuedAt, requests, key, kind, asked));
    }

    /** As {@link #each}; what the server of some keys does not acknowledge is no failure of the others, unless there are none. */
    private <Q> CompletionStage<List<WriteReply>> eachWrite(
            long issuedAt, List<Q> requests, Function<Q, String> key, AskedFor<Q, WriteReply> asked) {
        List<CompletableFuture<WriteReply>> answers = answers(issuedAt, requests, key, Kind.SCRIPT, asked);
        return all(answers.stream()
                        .map(answer -> answer.exceptionally(failure -> new WriteReply.Failed(cause(failure))))
                        .toList())
                .thenCompose(replies -> answers.stream().allMatch(CompletableFuture::isCompletedExceptionally)
                        ? all(answers)
                        : CompletableFuture.completedFuture(replies));
    }

    private <Q, T> List<CompletableFuture<T>> answers(
            long issuedAt, List<Q> requests, Function<Q, String> key, Kind kind, AskedFor<Q, T> asked) {
        List<CompletableFuture<T>> answers = new ArrayList<>(requests.size());
        try (Outbox outbox = new Outbox()) {
            Outlet outlet = requests.size() == 1 ? Outlet.AT_ONCE : outbox;
            for (Q request : requests) {
                Question<T> question = new Question<>(
                        key.apply(request), kind, issuedAt, outlet, (from, store) -> asked.of(request, from, store));
                answers.add(one(question).toCompletableFuture());
            }
        }
        return answers;
    }

    private static <T> CompletionStage<List<T>> all(List<CompletableFuture<T>> answers) {
        return CompletableFuture.allOf(answers.toArray(CompletableFuture[]::new))
                .thenApply(done -> answers.stream().map(CompletableFuture::join).toList());
    }

    private static Throwable cause(Throwable failure) {
        return failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
    }

    private <T> CompletionStage<T> one(Question<T> question) {
        if (closed.get()) {
            return closedFailure();
        }
        CompletableFuture<Void> known = servers.firstSlots();
        return known.isDone()
                ? attempt(question, 1)
                : known.handle((done, failure) -> question).thenCompose(asked -> attempt(asked, 1));
    }

    private <T> CompletionStage<T> attempt(Question<T> question, int number) {
        ClusterServers.Node owner = servers.owner(question.key());
        if (owner == null) {
            servers.hurry();
            return CompletableFuture.failedFuture(servers.unreachable());
        }
        return ask(question, owner, store(owner), number);
    }

    private <T> CompletionStage<T> ask(
            Question<T> question, ClusterServers.Node node, RedisFarStore store, int number) {
        return question.asked()
                .of(node, question.of(store))
                .toCompletableFuture()
                .exceptionallyCompose(failure -> elsewhere(question, node, cause(failure), number));
    }

    private <T> CompletionStage<T> elsewhere(
            Question<T> question, ClusterServers.Node asked, Throwable failure, int number) {
        String said = failure instanceof RedisCommandExecutionException ? String.valueOf(failure.getMessage()) : "";
        String[] words = said.split(" ", -1);
        if (number < MOST_ATTEMPTS && words.length >= 3 && words[0].equals("MOVED")) {
            String there = servers.named(words[2], asked);
            if (servers.at(there) == asked) {
                asked.strayed();
            }
            servers.moved(SlotHash.getSlot(question.key()), there);
            return attempt(question, number + 1);
        }
        if (number < MOST_ATTEMPTS && words.length >= 3 && words[0].equals("ASK") && question.kind() == Kind.READ) {
            ClusterServers.Node next = servers.at(servers.named(words[2], asked));
            if (next != null) {
                return ask(question, next, store(next).asking(), number + 1);
            }
        }
        if (number < MOST_ATTEMPTS && (words[0].equals("TRYAGAIN") || words[0].equals("ASK"))) {
            return CompletableFuture.supplyAsync(
                            () -> true, CompletableFuture.delayedExecutor(UNSTABLE_MILLIS, TimeUnit.MILLISECONDS))
                    .thenCompose(waited -> attempt(question, number + 1));
        }
        servers.hurry();
        return CompletableFuture.failedFuture(failure);
    }

    private RedisFarStore store(ClusterServers.Node node) {
        RedisFarStore known = stores.get(node);
        if (known != null) {
            return known;
        }
        stores.keySet().retainAll(servers.primaries());
        return stores.computeIfAbsent(node, this::opened);
    }

    private RedisFarStore opened(ClusterServers.Node node) {
        if (feed == null) {
            // The links see to it where there are some.
            NoticeCheck.begin(node.connection, keys.notices(), true, closed::get);
        }
        return RedisFarStore.inCluster(keys, node.connection, budget, sequence);
    }

    private LeaseReply leased(ClusterServers.Node from, LeaseReply reply) {
        return reply instanceof LeaseReply.Changed changed
                ? new LeaseReply.Changed(inOurTime(from, changed.current()))
                : reply;
    }

    private WriteReply written(ClusterServers.Node from, WriteReply reply) {
        return reply instanceof WriteReply.Changed changed
                ? new WriteReply.Changed(inOurTime(from, changed.current()))
                : reply;
    }

    /** A reading with its times in the clock that {@link #clock} tells. */
    private FarReading inOurTime(ClusterServers.Node from, FarReading reading) {
        if (!(reading instanceof FarReading.Found found)) {
            return reading;
        }
        long apart = servers.millisAheadOf(from);
        if (apart == 0) {
            return reading;
        }
        FarRecord record = found.record();
        return new FarReading.Found(new FarRecord(
                record.stamp(),
                new FarRecord.Life(
                        record.life().freshUntil() + apart, record.life().goneAt() + apart),
                record.attributes(),
                record.content()));
    }
}
