package dev.terrace.cache.testkit;

import dev.terrace.cache.spi.FarClock;
import dev.terrace.cache.spi.FarReading;
import dev.terrace.cache.spi.FarStore;
import dev.terrace.cache.spi.FarStore.WriteReply;
import dev.terrace.cache.spi.FarTier;
import dev.terrace.cache.spi.ServerLostException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Any far tier with faults put in by a test, per operation: once with {@link #next}, until further notice with
 * {@link #always}. Thread-safe.
 */
public final class FaultyFarTier implements FarTier {

    private final FarTier tier;
    private final Map<Call, Queue<Fault>> next = new EnumMap<>(Call.class);
    private final Map<Call, Fault> always = new EnumMap<>(Call.class);
    private final Map<Call, Integer> counts = new EnumMap<>(Call.class);
    private Predicate<String> lost = FaultyFarTier::isNotLost;

    private FaultyFarTier(FarTier tier) {
        this.tier = tier;
    }

    public static FaultyFarTier around(FarTier tier) {
        return new FaultyFarTier(tier);
    }

    /** The operations of a {@link FarStore}. */
    public enum Call {
        PING,
        READ,
        READ_HEADERS,
        LEASE,
        FILL,
        RELEASE,
        PUT,
        PUT_IF_UNCHANGED,
        INVALIDATE,
        EXPIRE,
        TOUCH,
        MARKERS,
        ENSURE_MARKERS,
        RAISE_MARKERS
    }

    /** What becomes of a call. */
    public static final class Fault {

        private enum Kind {
            FAIL,
            HANG,
            DROP_REPLY,
            DELAY_REQUEST,
            DELAY_REPLY
        }

        private final Kind kind;
        private final Gate gate;

        private Fault(Kind kind, Gate gate) {
            this.kind = kind;
            this.gate = gate;
        }

        /** It fails at once and is not applied. */
        public static Fault fail() {
            return new Fault(Kind.FAIL, new Gate());
        }

        /** It is never applied and never answered. */
        public static Fault hang() {
            return new Fault(Kind.HANG, new Gate());
        }

        /** It is applied and never answered. */
        public static Fault dropReply() {
            return new Fault(Kind.DROP_REPLY, new Gate());
        }

        /**
         * It reaches the server when the gate opens. If that is past its deadline, it is not applied there and answered so,
         * as a {@link FarStore} must.
         */
        public static Fault delayRequest(Gate gate) {
            return new Fault(Kind.DELAY_REQUEST, gate);
        }

        /** It is applied at once; the reply arrives when the gate opens. */
        public static Fault delayReply(Gate gate) {
            return new Fault(Kind.DELAY_REPLY, gate);
        }

        @Override
        public String toString() {
            return kind.toString();
        }
    }

    /** Holds calls back until it is opened, then lets them go in order, on the thread that opens it. Opens once. */
    public static final class Gate {

        private final Queue<Runnable> waiting = new ArrayDeque<>();
        private boolean open;

        /** How many wait. */
        public synchronized int waiting() {
            return waiting.size();
        }

        public void open() {
            for (Runnable next = opened(); next != null; next = opened()) {
                next.run();
            }
        }

        void pass(Runnable passing) {
            synchronized (this) {
                if (!open) {
                    waiting.add(passing);
                    return;
                }
            }
            passing.run();
        }

        /** Open only once those that wait are through, so that nothing overtakes them. */
        private synchronized @Nullable Runnable opened() {
            Runnable first = waiting.poll();
            open = first == null;
            return first;
        }
    }

    /** The next calls of this kind meet these faults, one each, before any that is there always. */
    public synchronized void next(Call call, Fault... faults) {
        next.computeIfAbsent(call, c -> new ArrayDeque<>()).addAll(List.of(faults));
    }

    /** Every call of this kind meets the fault from now on. */
    public synchronized void always(Call call, Fault fault) {
        always.put(call, fault);
    }

    /** Every call of any kind meets the fault from now on. */
    public synchronized void always(Fault fault) {
        for (Call call : Call.values()) {
            always.put(call, fault);
        }
    }

    /** The server of these keys and markers is lost, of several: it takes no writes. */
    public synchronized void loseServerOf(Predicate<String> names) {
        lost = names;
    }

    /** No further call meets a fault. What hangs goes on hanging; what waits at a gate goes on waiting. */
    public synchronized void heal() {
        next.clear();
        always.clear();
        lost = FaultyFarTier::isNotLost;
    }

    /** How many calls of this kind were made, with whatever outcome. */
    public synchronized int count(Call call) {
        return counts.getOrDefault(call, 0);
    }

    @Override
    public FarStore open(String cacheName, Duration budget) {
        return new Store(tier.open(cacheName, budget), budget);
    }

    @Override
    public void close() {
        tier.close();
    }

    @Override
    public String toString() {
        return "faulty " + tier;
    }

    private synchronized @Nullable Fault meet(Call call) {
        counts.merge(call, 1, Integer::sum);
        Queue<Fault> scripted = next.get(call);
        Fault first = scripted == null ? null : scripted.poll();
        return first == null ? always.get(call) : first;
    }

    private static boolean isNotLost(String name) {
        return false;
    }

    private synchronized Predicate<String> lost() {
        return lost;
    }

    /** What those servers answer that are there; keys of one that is not have failed. */
    private static <Q> CompletionStage<List<WriteReply>> reached(
            List<Q> requests, Predicate<Q> isLost, Function<List<Q>, CompletionStage<List<WriteReply>>> write) {
        List<Q> there = requests.stream().filter(isLost.negate()).toList();
        if (there.size() == requests.size()) {
            return write.apply(requests);
        }
        ServerLostException failure = new ServerLostException("lost, as the test says", null);
        return there.isEmpty()
                ? CompletableFuture.failedFuture(failure)
                : write.apply(there).thenApply(replies -> {
                    Iterator<WriteReply> answered = replies.iterator();
                    return requests.stream()
                            .map(request -> isLost.test(request) ? new WriteReply.Failed(failure) : answered.next())
                            .toList();
                });
    }

    private <T> CompletionStage<T> call(Call call, Supplier<CompletionStage<T>> remote) {
        return call(call, remote, remote);
    }

    /** @param late what the call comes to where it is delivered past its deadline */
    private <T> CompletionStage<T> call(
            Call call, Supplier<CompletionStage<T>> remote, Supplier<CompletionStage<T>> late) {
        Fault fault = meet(call);
        if (fault == null) {
            return remote.get();
        }
        CompletableFuture<T> reply = new CompletableFuture<>();
        switch (fault.kind) {
            case FAIL -> reply.completeExceptionally(new IllegalStateException(call + " fails as the test says"));
            case HANG -> {}
            case DROP_REPLY -> forward(remote.get(), new CompletableFuture<>());
            case DELAY_REQUEST -> fault.gate.pass(() -> forward(late.get(), reply));
            case DELAY_REPLY -> {
                CompletionStage<T> applied = remote.get();
                fault.gate.pass(() -> forward(applied, reply));
            }
        }
        return reply;
    }

    private static <T> void forward(CompletionStage<T> from, CompletableFuture<T> to) {
        from.whenComplete((value, failure) -> {
            if (failure == null) {
                to.complete(value);
            } else {
                to.completeExceptionally(failure);
            }
        });
    }

    private final class Store implements FarStore {

        private final FarStore store;
        private final long budgetMillis;

        Store(FarStore store, Duration budget) {
            this.store = store;
            this.budgetMillis = budget.toMillis();
        }

        @Override
        public boolean versionsAreTimes() {
            return store.versionsAreTimes();
        }

        @Override
        public FarClock clock() {
            return store.clock();
        }

        @Override
        public CompletionStage<Void> ping() {
            return call(Call.PING, store::ping);
        }

        @Override
        public CompletionStage<List<FarReading>> read(List<String> keys) {
            return call(Call.READ, () -> store.read(keys));
        }

        @Override
        public CompletionStage<List<FarReading>> readHeaders(List<String> keys) {
            return call(Call.READ_HEADERS, () -> store.readHeaders(keys));
        }

        @Override
        public CompletionStage<List<LeaseReply>> lease(List<LeaseRequest> requests, Duration time) {
            return call(Call.LEASE, () -> store.lease(requests, time), inTimeOr(() -> store.lease(requests, time)));
        }

        @Override
        public CompletionStage<List<FillReply>> fill(List<FillRequest> requests) {
            return call(
                    Call.FILL,
                    () -> store.fill(requests),
                    inTime(() -> store.fill(requests), copies(requests.size(), new FillReply.Refused())));
        }

        @Override
        public CompletionStage<Void> release(List<FarLease> leases) {
            return call(Call.RELEASE, () -> store.release(leases));
        }

        @Override
        public CompletionStage<List<WriteReply>> put(List<PutRequest> requests) {
            Supplier<CompletionStage<List<WriteReply>>> put =
                    () -> reached(requests, request -> lost().test(request.key()), store::put);
            return call(Call.PUT, put, inTime(put, copies(requests.size(), new WriteReply.Late())));
        }

        @Override
        public CompletionStage<WriteReply> putIfUnchanged(PutRequest request, FarReading judged) {
            return call(
                    Call.PUT_IF_UNCHANGED,
                    () -> store.putIfUnchanged(request, judged),
                    inTime(() -> store.putIfUnchanged(request, judged), new WriteReply.Late()));
        }

        @Override
        public CompletionStage<List<WriteReply>> invalidate(Collection<String> keys, Duration tombstoneTime) {
            Supplier<CompletionStage<List<WriteReply>>> invalidate =
                    () -> reached(List.copyOf(keys), lost(), some -> store.invalidate(some, tombstoneTime));
            return call(Call.INVALIDATE, invalidate, inTime(invalidate, copies(keys.size(), new WriteReply.Late())));
        }

        @Override
        public CompletionStage<WriteReply> expire(String key, long writeId) {
            return call(
                    Call.EXPIRE,
                    () -> store.expire(key, writeId),
                    inTime(() -> store.expire(key, writeId), new WriteReply.Late()));
        }

        @Override
        public CompletionStage<Void> touch(List<String> keys, Duration idle) {
            return call(Call.TOUCH, () -> store.touch(keys, idle), inTimeOr(() -> store.touch(keys, idle)));
        }

        @Override
        public CompletionStage<MarkerReading> markers(Collection<String> names) {
            return call(Call.MARKERS, () -> store.markers(names));
        }

        @Override
        public CompletionStage<MarkerReading> ensureMarkers(Collection<String> names, Duration life) {
            return call(
                    Call.ENSURE_MARKERS,
                    () -> store.ensureMarkers(names, life),
                    inTimeOr(() -> store.ensureMarkers(names, life)));
        }

        @Override
        public CompletionStage<MarkerReading> raiseMarkers(Collection<String> names, Duration life) {
            Supplier<CompletionStage<MarkerReading>> raise =
                    () -> names.stream().anyMatch(lost())
                            ? CompletableFuture.failedFuture(new ServerLostException("lost, as the test says", null))
                            : store.raiseMarkers(names, life);
            return call(Call.RAISE_MARKERS, raise, inTimeOr(raise));
        }

        @Override
        public void close() {
            store.close();
        }

        /** The call where it is delivered in time, else this reply. */
        private <T> Supplier<CompletionStage<T>> inTime(Supplier<CompletionStage<T>> remote, T late) {
            long issuedAt = clock().millis();
            return () -> isLate(issuedAt) ? CompletableFuture.completedFuture(late) : remote.get();
        }

        private <T> Supplier<CompletionStage<T>> inTimeOr(Supplier<CompletionStage<T>> remote) {
            long issuedAt = clock().millis();
            return () -> isLate(issuedAt)
                    ? CompletableFuture.failedFuture(new IllegalStateException("Arrived after its deadline"))
                    : remote.get();
        }

        private boolean isLate(long issuedAt) {
            return issuedAt != Long.MIN_VALUE && clock().millis() - issuedAt > budgetMillis;
        }

        private static <T> List<T> copies(int count, T reply) {
            List<T> replies = new ArrayList<>(count);
            for (int i = 0; i < count; i++) {
                replies.add(reply);
            }
            return replies;
        }
    }
}
