package dev.terrace.cache;

import dev.terrace.cache.spi.ChangeFeed;
import dev.terrace.cache.spi.FarClock;
import dev.terrace.cache.spi.FarReading;
import dev.terrace.cache.spi.FarStore;
import dev.terrace.cache.spi.FarTier;
import dev.terrace.cache.spi.SampledFarClock;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One node's way to the {@link SimulatedServer}: requests and replies are messages that travel for as long as the
 * {@link SimulatedNetwork} says. The node learns the server's clock as a real one does.
 */
final class SimulatedFarTier implements FarTier {

    private final int node;
    private final SimulatedTime time;
    private final SimulatedClock clock;
    private final SimulatedServer server;
    private final SimulatedNetwork network;
    private final Random random;
    private boolean closed;
    private final @Nullable SimulatedLink link;
    private final SimulationHistory history;
    private final Set<Integer> refusedKeys = new LinkedHashSet<>();
    private final List<Silence> silences = new ArrayList<>();
    private long lastAnswered;

    /** @param link null where near copies are only ever compared */
    SimulatedFarTier(
            int node, SimulatedNode.World world, SimulatedClock clock, Chances chances, @Nullable SimulatedLink link) {
        this.node = node;
        this.time = world.time();
        this.clock = clock;
        this.server = world.server();
        this.network = chances.network();
        this.random = chances.random();
        this.link = link;
        this.history = world.history();
    }

    /** What is left to chance: how messages travel, and the ids of leases and tombstones. */
    record Chances(SimulatedNetwork network, Random random) {}

    @Override
    public FarStore open(String cacheName, Duration budget) {
        return new Store(budget);
    }

    @Override
    public void close() {
        closed = true;
    }

    /** Whether this node was without an answer for so long at some time since then. */
    boolean wasSilent(long nanos, long since) {
        return time.nanos() - lastAnswered >= nanos
                || silences.stream().anyMatch(silence -> silence.ended() >= since && silence.nanos() >= nanos);
    }

    /** The keys of which this node has just learned that a fill was refused. */
    List<Integer> takeRefusedKeys() {
        if (refusedKeys.isEmpty()) {
            return List.of();
        }
        List<Integer> taken = List.copyOf(refusedKeys);
        refusedKeys.clear();
        return taken;
    }

    private void answered() {
        if (time.nanos() - lastAnswered > 10_000_000) {
            silences.add(new Silence(time.nanos() - lastAnswered, time.nanos()));
        }
        lastAnswered = time.nanos();
    }

    private record Silence(long nanos, long ended) {}

    @Override
    public String toString() {
        return "simulated";
    }

    private final class Store implements FarStore, FarClock {

        private final long budgetMicros;
        private final SampledFarClock sampled = new SampledFarClock(clock::exactNanos);

        Store(Duration budget) {
            this.budgetMicros = budget.toNanos() / 1_000;
        }

        @Override
        public FarClock clock() {
            return this;
        }

        @Override
        public long millis() {
            return sampled.millis();
        }

        private long deadline() {
            return sampled.micros() + budgetMicros;
        }

        /** Sends a request of one part, or of one part per key. Before the first, the server is asked for its time. */
        private <T> CompletableFuture<List<T>> send(FarOperation operation, Supplier<List<Supplier<T>>> parts) {
            if (closed) {
                return CompletableFuture.failedFuture(new IllegalStateException("closed"));
            }
            return sampled.isKnown()
                    ? exchange(operation, parts.get())
                    : askTime(operation).thenCompose(known -> exchange(operation, parts.get()));
        }

        private CompletableFuture<Void> askTime(FarOperation operation) {
            long askedAt = clock.exactNanos();
            return exchange(operation, List.<Supplier<Long>>of(server::micros)).thenAccept(replies -> {
                sampled.sample(replies.get(0), askedAt);
            });
        }

        private <T> CompletableFuture<List<T>> exchange(FarOperation operation, List<Supplier<T>> parts) {
            CompletableFuture<List<T>> result = new CompletableFuture<>();
            int life = server.life();
            long straggling = network.straggler(node, operation);
            long travel = straggling >= 0 ? straggling : network.request(node, operation);
            if (travel < 0) {
                undelivered(travel, result);
            } else {
                if (straggling >= 0) {
                    undelivered(SimulatedNetwork.CUT, result);
                }
                Exchange<T> exchange = new Exchange<>(operation, new ArrayDeque<>(parts), result, life);
                time.after(travel, () -> server.receive(exchange));
            }
            return result;
        }

        @Override
        public CompletionStage<Void> ping() {
            return askTime(FarOperation.PING);
        }

        @Override
        public CompletionStage<List<FarReading>> read(List<String> keys) {
            return send(FarOperation.READ, () -> each(keys, server::read));
        }

        @Override
        public CompletionStage<List<FarReading>> readHeaders(List<String> keys) {
            return send(FarOperation.VALIDATE, () -> each(keys, server::readHeader));
        }

        @Override
        public CompletionStage<List<LeaseReply>> lease(List<LeaseRequest> requests, Duration life) {
            return send(FarOperation.LEASE, () -> {
                long deadline = deadline();
                return each(
                        requests,
                        request -> inTime(
                                deadline,
                                () -> server.lease(request.key(), request.judged(), random.nextLong(), life)));
            });
        }

        @Override
        public CompletionStage<List<FillReply>> fill(List<FillRequest> requests) {
            Map<Integer, SimulationHistory.Moment> refused = new LinkedHashMap<>();
            CompletableFuture<List<FillReply>> filled = send(FarOperation.FILL, () -> {
                long deadline = deadline();
                return each(requests, request -> {
                    FillReply reply = server.fill(request.lease(), request.draft(), deadline);
                    if (reply instanceof FillReply.Refused) {
                        refused.put(Integer.valueOf(request.lease().key()), history.moment());
                    }
                    return reply;
                });
            });
            // Runs after all that the cache does with the answer.
            filled.thenAccept(replies -> refused.forEach((key, when) -> {
                refusedKeys.add(key);
                if (link != null && link.wasArmed(time.nanos())) {
                    history.learnedOfRefusal(node, key, when);
                }
            }));
            return filled;
        }

        @Override
        public CompletionStage<Void> release(List<FarLease> leases) {
            return send(
                            FarOperation.RELEASE,
                            () -> each(leases, lease -> {
                                server.release(lease);
                                return lease;
                            }))
                    .thenAccept(done -> {});
        }

        @Override
        public CompletionStage<List<WriteReply>> put(List<PutRequest> requests) {
            return send(FarOperation.PUT, () -> {
                long deadline = deadline();
                return each(requests, request -> put(request, deadline, null));
            });
        }

        @Override
        public CompletionStage<WriteReply> putIfUnchanged(PutRequest request, FarReading judged) {
            return send(FarOperation.PUT, () -> {
                        long deadline = deadline();
                        return List.<Supplier<WriteReply>>of(() -> put(request, deadline, judged));
                    })
                    .thenApply(replies -> replies.get(0));
        }

        private WriteReply put(PutRequest request, long deadline, @Nullable FarReading judged) {
            WriteReply reply = write(() -> server.put(request.key(), request.draft(), deadline, judged));
            if (reply instanceof WriteReply.Stored) {
                ByteBuffer payload = request.draft().content().payload();
                history.stored(
                        StandardCharsets.UTF_8.decode(payload.duplicate()).toString());
            }
            return reply;
        }

        @Override
        public CompletionStage<List<WriteReply>> invalidate(Collection<String> keys, Duration tombstoneTime) {
            return send(FarOperation.INVALIDATE, () -> {
                long deadline = deadline();
                return each(keys, key -> {
                    WriteReply reply = write(() -> server.invalidate(key, tombstoneTime, random.nextLong(), deadline));
                    if (reply instanceof WriteReply.Stored) {
                        history.invalidated(node, Integer.parseInt(key));
                    }
                    return reply;
                });
            });
        }

        @Override
        public CompletionStage<WriteReply> expire(String key, long writeId) {
            return send(FarOperation.EXPIRE, () -> {
                        long deadline = deadline();
                        return List.<Supplier<WriteReply>>of(() -> write(() -> server.expire(key, writeId, deadline)));
                    })
                    .thenApply(replies -> replies.get(0));
        }

        @Override
        public CompletionStage<Void> touch(List<String> keys, Duration idle) {
            return send(FarOperation.TOUCH, () -> {
                        long deadline = deadline();
                        return each(
                                keys,
                                key -> inTime(deadline, () -> {
                                    server.touch(key, idle);
                                    return key;
                                }));
                    })
                    .thenAccept(done -> {});
        }

        @Override
        public CompletionStage<MarkerReading> markers(Collection<String> names) {
            return send(FarOperation.MARKERS, () -> List.<Supplier<MarkerReading>>of(() -> server.markers(names)))
                    .thenApply(replies -> replies.get(0));
        }

        @Override
        public CompletionStage<MarkerReading> ensureMarkers(Collection<String> names, Duration life) {
            return send(FarOperation.MARKERS, () -> {
                        long deadline = deadline();
                        return List.<Supplier<MarkerReading>>of(() ->
                                write(() -> inTime(deadline, () -> server.ensureMarkers(names, life))));
                    })
                    .thenApply(replies -> replies.get(0));
        }

        @Override
        public CompletionStage<MarkerReading> raiseMarkers(Collection<String> names, Duration life) {
            return send(FarOperation.RAISE, () -> {
                        long deadline = deadline();
                        return List.<Supplier<MarkerReading>>of(() ->
                                write(() -> inTime(deadline, () -> server.raiseMarkers(names, life))));
                    })
                    .thenApply(replies -> replies.get(0));
        }

        /** What has no reply for being late fails. */
        private <T> T inTime(long deadline, Supplier<T> work) {
            if (server.micros() > deadline) {
                throw new IllegalStateException("late");
            }
            return work.get();
        }

        private <T> T write(Supplier<T> write) {
            if (server.refusesWrites()) {
                throw new IllegalStateException("OOM command not allowed");
            }
            return write.get();
        }

        @Override
        public @Nullable ChangeFeed changeFeed() {
            return link;
        }

        @Override
        public void close() {
            closed = true;
            if (link != null) {
                link.close();
            }
        }
    }

    private interface Part<A, T> {
        T of(A request);
    }

    private static <A, T> List<Supplier<T>> each(Collection<A> requests, Part<A, T> part) {
        List<Supplier<T>> parts = new ArrayList<>(requests.size());
        for (A request : requests) {
            parts.add(() -> part.of(request));
        }
        return parts;
    }

    /** A request on the server: its parts one after the other, then the reply. */
    private final class Exchange<T> implements Runnable {

        private final FarOperation operation;
        private final Deque<Supplier<T>> parts;
        private final CompletableFuture<List<T>> result;
        private final int life;
        private final List<T> replies = new ArrayList<>();
        private @Nullable RuntimeException failure;

        Exchange(FarOperation operation, Deque<Supplier<T>> parts, CompletableFuture<List<T>> result, int life) {
            this.operation = operation;
            this.parts = parts;
            this.result = result;
            this.life = life;
        }

        @Override
        public void run() {
            if (server.life() != life) {
                return;
            }
            while (!parts.isEmpty()) {
                try {
                    replies.add(parts.remove().get());
                } catch (RuntimeException e) {
                    failure = e;
                }
                long pause = parts.isEmpty() ? 0 : network.betweenKeys(node, operation);
                if (pause > 0) {
                    time.after(pause, () -> server.receive(this));
                    return;
                }
            }
            reply();
        }

        private void reply() {
            long travel = network.reply(node, operation);
            if (travel < 0) {
                undelivered(travel, result);
                return;
            }
            RuntimeException refused = failure;
            clock.after(travel, () -> {
                if (server.life() != life) {
                    return;
                }
                if (result.isDone()) {
                    return;
                }
                if (refused == null) {
                    answered();
                    result.complete(replies);
                } else {
                    result.completeExceptionally(refused);
                }
            });
        }
    }

    private void undelivered(long fate, CompletableFuture<?> result) {
        if (fate == SimulatedNetwork.CUT) {
            clock.after(100_000, () -> result.completeExceptionally(new IllegalStateException("connection lost")));
        }
    }
}
