package dev.terrace.cache.memcached;

import dev.terrace.cache.spi.FarClock;
import dev.terrace.cache.spi.ServerLostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * All servers of a tier: which of them has a key, and what their clocks have in common.
 *
 * <p>Times of records are those of the server that has them. Towards the cache there is one clock, that of the server that told its
 * time first; the times of another are shifted by whole seconds once its clock is known to differ by more than one.
 */
final class Nodes implements FarClock {

    private static final long SECOND = TimeUnit.SECONDS.toMicros(1);
    private static final long MILLIS_PER_SECOND = TimeUnit.SECONDS.toMillis(1);

    private final List<Node> all;
    private final Locator locator;
    private volatile @Nullable Node reference;
    private volatile boolean closed;

    Nodes(List<Node> all, Locator locator) {
        this.all = all;
        this.locator = locator;
    }

    List<Node> all() {
        return all;
    }

    Node of(String recordName) {
        return all.get(locator.locate(recordName));
    }

    /** Whether a server that is down may be done without: some other is up. */
    boolean mayDoWithout(Node down) {
        for (Node node : all) {
            if (node != down && node.isUp()) {
                return true;
            }
        }
        return false;
    }

    @Override
    public long millis() {
        Node known = reference();
        return known == null
                ? Long.MIN_VALUE
                : TimeUnit.MICROSECONDS.toMillis(known.clock().micros());
    }

    private @Nullable Node reference() {
        Node known = reference;
        if (known != null) {
            return known;
        }
        for (Node node : all) {
            if (node.clock().micros() != Long.MIN_VALUE) {
                reference = node;
                return node;
            }
        }
        return null;
    }

    /** What has to be added to the times of a server's records, in ms. */
    long shift(Node node) {
        Node known = reference();
        if (known == null || known == node) {
            return 0;
        }
        boolean differs = known.clock().leastAheadOf(node.clock()) > SECOND
                || node.clock().leastAheadOf(known.clock()) > SECOND;
        return differs ? Math.round((double) known.clock().aheadOf(node.clock()) / SECOND) * MILLIS_PER_SECOND : 0;
    }

    void expectBudget(Duration budget) {
        all.forEach(node -> node.expectBudget(budget));
    }

    /** Asks all servers for their time; fails where none answers. */
    CompletableFuture<Void> ping() {
        if (all.size() == 1) {
            return all.get(0).ping();
        }
        CompletableFuture<Void> answered = new CompletableFuture<>();
        List<CompletableFuture<Void>> pings = all.stream().map(Node::ping).toList();
        pings.forEach(ping -> ping.thenAccept(answered::complete));
        CompletableFuture.allOf(pings.toArray(CompletableFuture[]::new)).whenComplete((done, failure) -> {
            if (failure != null) {
                answered.completeExceptionally(failure);
            }
        });
        return answered;
    }

    /**
     * Does something with requests on the servers that have their keys, all at once, and puts the replies in order.
     *
     * @param name the name of the record of a request
     * @param without what a request is answered whose server is down while another is up, or null where it fails; that failure is
     *     the server's alone
     */
    <Q, R> CompletableFuture<List<R>> onEach(
            List<Q> requests,
            Function<Q, String> name,
            BiFunction<Node, List<Q>, CompletableFuture<List<R>>> operation,
            @Nullable Function<Q, R> without) {
        if (requests.isEmpty()) {
            return CompletableFuture.completedFuture(List.of());
        }
        if (all.size() == 1) {
            return operation.apply(all.get(0), requests);
        }
        if (requests.size() == 1) {
            Node node = of(name.apply(requests.get(0)));
            return tolerant(node, requests, operation.apply(node, requests), without);
        }
        List<CompletableFuture<Map<Integer, R>>> parts = new ArrayList<>();
        places(requests, name).forEach((node, indices) -> {
            List<Q> part = indices.stream().map(requests::get).toList();
            parts.add(tolerant(node, part, operation.apply(node, part), without)
                    .thenApply(answers -> placed(indices, answers)));
        });
        return ordered(parts);
    }

    /**
     * As {@link #onEach}, for what can be answered in part: where a server fails and another does not, the failure is the answer to
     * the requests of the first alone.
     */
    <Q, R> CompletableFuture<List<R>> onEachApart(
            List<Q> requests,
            Function<Q, String> name,
            BiFunction<Node, List<Q>, CompletableFuture<List<R>>> operation,
            Function<Throwable, R> failed) {
        if (all.size() == 1 || requests.size() <= 1) {
            return onEach(requests, name, operation, null);
        }
        List<CompletableFuture<Map<Integer, R>>> parts = new ArrayList<>();
        List<CompletableFuture<Map<Integer, R>>> settled = new ArrayList<>();
        places(requests, name).forEach((node, indices) -> {
            List<Q> part = indices.stream().map(requests::get).toList();
            CompletableFuture<Map<Integer, R>> answered = tolerant(node, part, operation.apply(node, part), null)
                    .thenApply(answers -> placed(indices, answers));
            parts.add(answered);
            settled.add(answered.exceptionally(
                    failure -> placed(indices, Collections.nCopies(indices.size(), failed.apply(cause(failure))))));
        });
        return ordered(settled)
                .thenCompose(answers -> parts.stream().allMatch(CompletableFuture::isCompletedExceptionally)
                        ? ordered(parts)
                        : CompletableFuture.completedFuture(answers));
    }

    private <Q> Map<Node, List<Integer>> places(List<Q> requests, Function<Q, String> name) {
        Map<Node, List<Integer>> places = new HashMap<>();
        for (int i = 0; i < requests.size(); i++) {
            places.computeIfAbsent(of(name.apply(requests.get(i))), node -> new ArrayList<>())
                    .add(i);
        }
        return places;
    }

    private static <R> CompletableFuture<List<R>> ordered(List<CompletableFuture<Map<Integer, R>>> parts) {
        return CompletableFuture.allOf(parts.toArray(CompletableFuture[]::new)).thenApply(done -> {
            Map<Integer, R> ordered = new TreeMap<>();
            parts.forEach(part -> ordered.putAll(part.join()));
            return List.copyOf(ordered.values());
        });
    }

    private static <R> Map<Integer, R> placed(List<Integer> indices, List<R> answers) {
        Map<Integer, R> placed = new HashMap<>();
        for (int i = 0; i < indices.size(); i++) {
            placed.put(indices.get(i), answers.get(i));
        }
        return placed;
    }

    private <Q, R> CompletableFuture<List<R>> tolerant(
            Node node, List<Q> part, CompletableFuture<List<R>> answer, @Nullable Function<Q, R> without) {
        return answer.exceptionallyCompose(failure -> {
            Throwable cause = cause(failure);
            if (!(cause instanceof MemcachedUnreachableException) || !mayDoWithout(node)) {
                return CompletableFuture.failedFuture(cause);
            }
            return without == null
                    ? CompletableFuture.failedFuture(new ServerLostException(String.valueOf(cause.getMessage()), cause))
                    : CompletableFuture.completedFuture(
                            part.stream().map(without).toList());
        });
    }

    private static Throwable cause(Throwable failure) {
        return failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
    }

    boolean isClosed() {
        return closed;
    }

    void close() {
        closed = true;
        all.forEach(Node::close);
    }

    @Override
    public String toString() {
        return "memcached " + all;
    }
}
