package dev.terrace.cache.testkit;

import dev.terrace.cache.spi.FarClock;
import dev.terrace.cache.spi.FarReading;
import dev.terrace.cache.spi.FarStore;
import dev.terrace.cache.spi.FarTier;
import dev.terrace.cache.spi.RecordBytes;
import dev.terrace.cache.spi.RecordDraft;
import dev.terrace.cache.spi.SampledFarClock;
import dev.terrace.cache.testkit.InMemoryServer.Step;
import dev.terrace.cache.testkit.InMemoryServer.StoreKey;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.stream.Stream;

/**
 * One node's far tier on an {@link InMemoryServer}: the model that {@link FarTierContract} holds for. Answers on the calling
 * thread, or on the one that thaws the server. Thread-safe.
 */
public final class InMemoryFarTier implements FarTier {

    private final InMemoryServer server;
    private final LongSupplier localNanos;
    private final Set<String> open = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;

    /** A node whose clock runs as the server's does. */
    public InMemoryFarTier(InMemoryServer server) {
        this(server, () -> TimeUnit.MICROSECONDS.toNanos(server.micros()));
    }

    /**
     * A node with a clock of its own.
     *
     * @param localNanos the node's monotonic time, in nanoseconds from anywhere
     */
    public InMemoryFarTier(InMemoryServer server, LongSupplier localNanos) {
        this.server = server;
        this.localNanos = localNanos;
    }

    @Override
    public FarStore open(String cacheName, Duration budget) {
        if (closed) {
            throw new IllegalStateException("This far tier is closed");
        }
        if (!open.add(cacheName)) {
            throw new IllegalStateException("A cache named " + cacheName + " is open in this far tier");
        }
        return new Store(cacheName, TimeUnit.NANOSECONDS.toMicros(budget.toNanos()));
    }

    @Override
    public void close() {
        closed = true;
    }

    @Override
    public String toString() {
        return "in memory";
    }

    private final class Store implements FarStore {

        private final String cache;
        private final long budgetMicros;
        private final SampledFarClock clock = new SampledFarClock(localNanos);
        private volatile boolean storeClosed;

        Store(String cache, long budgetMicros) {
            this.cache = cache;
            this.budgetMicros = budgetMicros;
        }

        @Override
        public FarClock clock() {
            return clock;
        }

        @Override
        public CompletionStage<Void> ping() {
            return isClosed() ? closedFailure() : askTime();
        }

        @Override
        public CompletionStage<List<FarReading>> read(List<String> keys) {
            return request((step, deadline) -> each(keys, key -> step.read(key(key))));
        }

        @Override
        public CompletionStage<List<FarReading>> readHeaders(List<String> keys) {
            return request((step, deadline) -> each(keys, key -> step.readHeader(key(key))));
        }

        @Override
        public CompletionStage<List<LeaseReply>> lease(List<LeaseRequest> requests, Duration time) {
            return request((step, deadline) -> {
                refuseIfLate(step, deadline);
                return each(requests, asked -> step.lease(key(asked.key()), asked.judged(), time));
            });
        }

        @Override
        public CompletionStage<List<FillReply>> fill(List<FillRequest> requests) {
            return checked(
                    requests.stream().map(FillRequest::draft),
                    (step, deadline) -> each(
                            requests,
                            asked -> step.fill(
                                    key(asked.lease().key()), asked.lease().id(), asked.draft(), deadline)));
        }

        @Override
        public CompletionStage<Void> release(List<FarLease> leases) {
            return request((step, deadline) -> {
                leases.forEach(lease -> step.release(key(lease.key()), lease.id()));
                return null;
            });
        }

        @Override
        public CompletionStage<List<WriteReply>> put(List<PutRequest> requests) {
            return checked(
                    requests.stream().map(PutRequest::draft),
                    (step, deadline) ->
                            each(requests, asked -> step.put(key(asked.key()), asked.draft(), null, deadline)));
        }

        @Override
        public CompletionStage<WriteReply> putIfUnchanged(PutRequest asked, FarReading judged) {
            return checked(
                    Stream.of(asked.draft()),
                    (step, deadline) -> step.put(key(asked.key()), asked.draft(), judged, deadline));
        }

        @Override
        public CompletionStage<List<WriteReply>> invalidate(Collection<String> keys, Duration tombstoneTime) {
            return request((step, deadline) -> each(keys, key -> step.invalidate(key(key), tombstoneTime, deadline)));
        }

        @Override
        public CompletionStage<WriteReply> expire(String key, long writeId) {
            return request((step, deadline) -> step.expire(key(key), writeId, deadline));
        }

        @Override
        public CompletionStage<Void> touch(List<String> keys, Duration idle) {
            return request((step, deadline) -> {
                refuseIfLate(step, deadline);
                keys.forEach(key -> step.touch(key(key), idle));
                return null;
            });
        }

        @Override
        public CompletionStage<MarkerReading> markers(Collection<String> names) {
            return request((step, deadline) -> step.markers(cache, names));
        }

        @Override
        public CompletionStage<MarkerReading> ensureMarkers(Collection<String> names, Duration life) {
            return request((step, deadline) -> {
                refuseIfLate(step, deadline);
                return step.ensureMarkers(cache, names, life);
            });
        }

        @Override
        public CompletionStage<MarkerReading> raiseMarkers(Collection<String> names, Duration life) {
            return request((step, deadline) -> {
                refuseIfLate(step, deadline);
                return step.raiseMarkers(cache, names, life);
            });
        }

        @Override
        public void close() {
            if (!storeClosed) {
                storeClosed = true;
                open.remove(cache);
            }
        }

        private StoreKey key(String name) {
            return new StoreKey(cache, name);
        }

        private boolean isClosed() {
            return closed || storeClosed;
        }

        private <T> CompletionStage<T> closedFailure() {
            return CompletableFuture.failedFuture(new IllegalStateException("Cache " + cache + " is closed"));
        }

        private CompletionStage<Void> askTime() {
            long askedAt = localNanos.getAsLong();
            CompletableFuture<Void> told = new CompletableFuture<>();
            server.receive(() -> {
                clock.sample(server.step(Step::now), askedAt);
                told.complete(null);
            });
            return told;
        }

        /** Drafts that cannot be written do not reach the server. */
        private <T> CompletionStage<T> checked(Stream<RecordDraft> drafts, BiFunction<Step, Long, T> operation) {
            try {
                drafts.forEach(RecordBytes::encode);
            } catch (IllegalArgumentException e) {
                return CompletableFuture.failedFuture(e);
            }
            return request(operation);
        }

        /** The deadline counts from now, also where the server has to be asked for its time first. */
        private <T> CompletionStage<T> request(BiFunction<Step, Long, T> operation) {
            if (isClosed()) {
                return closedFailure();
            }
            long issuedAt = localNanos.getAsLong();
            return clock.isKnown()
                    ? send(operation, issuedAt)
                    : askTime().thenCompose(told -> send(operation, issuedAt));
        }

        private <T> CompletionStage<T> send(BiFunction<Step, Long, T> operation, long issuedAt) {
            long deadline = clock.microsAt(issuedAt) + budgetMicros;
            CompletableFuture<T> reply = new CompletableFuture<>();
            server.receive(() -> {
                try {
                    reply.complete(server.step(step -> operation.apply(step, deadline)));
                } catch (RuntimeException e) {
                    reply.completeExceptionally(e);
                }
            });
            return reply;
        }

        private static <A, B> List<B> each(Collection<A> asked, Function<A, B> answer) {
            List<B> answers = new ArrayList<>(asked.size());
            asked.forEach(one -> answers.add(answer.apply(one)));
            return answers;
        }

        private static void refuseIfLate(Step step, long deadline) {
            if (step.now() > deadline) {
                throw new IllegalStateException("Arrived after its deadline");
            }
        }
    }
}
