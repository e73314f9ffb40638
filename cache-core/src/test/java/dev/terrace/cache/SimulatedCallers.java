package dev.terrace.cache;

import dev.terrace.cache.SimulatedSource.Row;
import dev.terrace.cache.SimulationHistory.Change;
import dev.terrace.cache.SimulationHistory.Origin;
import dev.terrace.cache.SimulationHistory.Read;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Those who use the caches of a simulation: they read, change the source, and tell the cache of it, at random moments on
 * random nodes. Every operation must end within its bound, and with nothing but what its contract says.
 */
final class SimulatedCallers {

    /** What no key has: a repair of everything concerns it too. */
    private static final int NO_KEY = 1_000_000;

    private static final long USUAL_PAUSE = 4_000_000;
    private static final Duration WRITE_BOUND = SimulationPlan.BUDGET.multipliedBy(25);

    private final SimulationPlan plan;
    private final SimulatedTime time;
    private final SimulatedServer server;
    private final SimulatedSource source;
    private final SimulationHistory history;
    private final Random random;
    private final Consumer<String> notes;

    private final List<Change> unacknowledged = new ArrayList<>();
    private final Map<Integer, String> pending = new LinkedHashMap<>();
    private int operations;
    private int tracked;
    private int failures;
    private long outcomes;

    SimulatedCallers(SimulationPlan plan, SimulatedNode.World world, Random random, Consumer<String> notes) {
        this.plan = plan;
        this.time = world.time();
        this.server = world.server();
        this.source = world.source();
        this.history = world.history();
        this.random = random;
        this.notes = notes;
    }

    void begin(List<SimulatedNode> nodes, SimulatedForeigner foreigner) {
        for (SimulatedNode node : nodes) {
            SimulatedNode other = nodes.get((node.number() + 1) % nodes.size());
            node.usedBy(new SimulatedNode.Users() {
                @Override
                public void readAnew(int key) {
                    node.engine().tiers().removeNear(key);
                    get(node, key);
                }

                @Override
                public void changeElsewhere(int key) {
                    changeAtOnce(other, key);
                }
            });
        }
        operateLater(nodes, foreigner);
    }

    private void operateLater(List<SimulatedNode> nodes, SimulatedForeigner foreigner) {
        time.after((long) (-Math.log(1 - random.nextDouble()) * USUAL_PAUSE), () -> {
            SimulatedNode node = nodes.get(random.nextInt(nodes.size()));
            SimulatedNode other = nodes.get((node.number() + random.nextInt(2) + 1) % nodes.size());
            if (plan.server().foreigners() && random.nextInt(150) == 0) {
                foreigner.act(random, random.nextInt(plan.keys()));
            } else if (random.nextInt(100) == 0) {
                collide(node, other, random.nextInt(plan.keys()));
            } else if (!node.clock().isPaused()) {
                int key = random.nextInt(plan.keys());
                if (!node.isLeftAlone(key)) {
                    operate(node, other, key);
                }
            }
            if (++operations < plan.operations()) {
                operateLater(nodes, foreigner);
            }
        });
    }

    private void changeAtOnce(SimulatedNode node, int key) {
        if (!areDone() && !node.clock().isPaused()) {
            if (random.nextBoolean()) {
                put(node, Map.of(key, source.change(key, true)));
            } else {
                List<Integer> keys = someKeys(node, key);
                keys.forEach(one -> source.change(one, true));
                invalidate(node, keys);
            }
        }
    }

    boolean areDone() {
        return operations >= plan.operations();
    }

    /** The operations that have not ended. */
    List<String> pending() {
        return List.copyOf(pending.values());
    }

    int failures() {
        return failures;
    }

    /** A fingerprint of how every operation ended. */
    long outcomes() {
        return outcomes;
    }

    /** Notices what nodes have repaired meanwhile. */
    void noticeRepairs(List<SimulatedNode> nodes) {
        if (!unacknowledged.isEmpty()) {
            unacknowledged.removeIf(change -> isRepaired(nodes.get(change.node), change));
        }
    }

    /** As early as anybody can read after a fill that was refused. */
    void noticeRefusals(List<SimulatedNode> nodes) {
        for (SimulatedNode node : nodes) {
            for (int key : node.takeRefusedKeys()) {
                if (!areDone()) {
                    get(node, key);
                }
            }
        }
    }

    private boolean isRepaired(SimulatedNode node, Change change) {
        String tag = change.tag;
        boolean waits =
                node.isSuspect(change.key == null ? NO_KEY : change.key) || (tag != null && node.isSuspect(tag));
        if (!waits) {
            history.acknowledged(change);
            notes.accept("repaired " + change);
        }
        return !waits;
    }

    private void operate(SimulatedNode node, SimulatedNode other, int key) {
        int kind = random.nextInt(100);
        if (kind < 44 || (kind >= 57 && kind < 93 && !writes(node))) {
            get(node, key);
        } else if (kind < 50) {
            getAll(node, someKeys(node, key), false);
        } else if (kind < 55) {
            peek(node, key);
        } else if (kind < 57) {
            getAll(node, someKeys(node, key), true);
        } else if (kind < 65) {
            changed(key, row -> put(node, Map.of(key, row)));
        } else if (kind < 67) {
            Map<Integer, Row> rows = new LinkedHashMap<>();
            someKeys(node, key).forEach(one -> rows.put(one, source.change(one, true)));
            put(node, rows);
        } else if (kind < 70) {
            changed(key, row -> putIfAbsent(node, key, row));
        } else if (kind < 78) {
            changed(key, row -> invalidate(node, List.of(key)));
        } else if (kind < 80) {
            changed(key, row -> invalidate(node, someKeys(node, key)));
        } else if (kind < 86) {
            changed(key, row -> invalidateTag(node, SimulatedSource.keyTag(key)));
        } else if (kind < 89) {
            changed(key, row -> invalidateTag(node, "third" + random.nextInt(3)));
        } else if (kind < 90) {
            changed(key, row -> clear(node));
        } else if (kind < 93) {
            expire(node, key);
        } else if (kind < 96) {
            refresh(node, other, key);
        } else if (kind < 98) {
            CompletableFuture<String> value = node.async().get(key, node::loadAlone);
            answer(node, "get with a loader", key, value, true);
        } else {
            node.engine().tiers().removeNear(key);
            note(node, "evicts " + key);
        }
    }

    private boolean writes(SimulatedNode node) {
        return mayWrite(node) && random.nextDouble() < plan.usage().writing();
    }

    private boolean mayWrite(SimulatedNode node) {
        return !(plan.usage().firstOnlyReads() && node.number() == 0);
    }

    /** Two nodes write one key so close to each other that the server may tell of both at once. */
    private void collide(SimulatedNode one, SimulatedNode other, int key) {
        changed(key, row -> {
            for (SimulatedNode node : List.of(one, other)) {
                if (!mayWrite(node) || node.clock().isPaused()) {
                    continue;
                }
                if (random.nextInt(3) == 0) {
                    invalidate(node, List.of(key));
                } else {
                    put(node, Map.of(key, source.change(key, true)));
                }
            }
            for (SimulatedNode node : List.of(one, other)) {
                node.clock().after((long) (random.nextDouble() * 20_000_000), () -> get(node, key));
            }
        });
    }

    private List<Integer> someKeys(SimulatedNode node, int first) {
        List<Integer> keys = new ArrayList<>(List.of(first));
        for (int key = 0; key < plan.keys(); key++) {
            if (key != first && random.nextBoolean() && !node.isLeftAlone(key)) {
                keys.add(key);
            }
        }
        return keys;
    }

    /** Commits a change to the source, and a little later does what belongs to it. */
    private void changed(int key, Consumer<Row> then) {
        Row row = source.change(key, random.nextInt(10) != 0);
        time.after((long) (random.nextDouble() * 5_000_000), () -> then.accept(row));
    }

    private void get(SimulatedNode node, int key) {
        CompletableFuture<String> value = node.async().get(key);
        answer(node, "get", key, value, true);
        if (random.nextInt(40) == 0) {
            node.clock().after((long) (random.nextDouble() * 20_000_000), () -> value.cancel(true));
        }
        if (plan.rarities().isCrowded() && random.nextInt(4) == 0) {
            // As early as anybody can look after a load, which is not stored yet.
            value.thenRun(() -> {
                if (!areDone()) {
                    peek(node, key);
                }
            });
        }
    }

    /** What was loaded may be overtaken on its way to the far tier by what another node writes. */
    private void refresh(SimulatedNode node, SimulatedNode other, int key) {
        CompletableFuture<String> value = node.async().refresh(key);
        answer(node, "refresh", key, value, true);
        if (random.nextBoolean()) {
            value.thenRun(() -> {
                if (mayWrite(other) && !other.clock().isPaused() && !areDone()) {
                    put(other, Map.of(key, source.change(key, true)));
                }
            });
        }
    }

    private void peek(SimulatedNode node, int key) {
        if (random.nextBoolean()) {
            answer(node, "getIfPresent", key, node.async().getIfPresent(key), false);
        } else {
            answer(node, "lookup", key, node.async().lookup(key).thenApply(Lookup::value), false);
        }
    }

    /** @param decisive whether an answer of nothing says that the source had nothing */
    private void answer(
            SimulatedNode node, String what, int key, CompletableFuture<@Nullable String> answer, boolean decisive) {
        Read read = history.read(node.number(), key);
        track(node, what + " " + key, answer, readBound(node), (value, failure) -> {
            if (failure == null && (value != null || decisive)) {
                history.answered(read, value);
            } else if (failure != null) {
                checkReadFailure(what, failure);
            }
        });
    }

    private void getAll(SimulatedNode node, List<Integer> keys, boolean presentOnly) {
        List<Read> reads =
                keys.stream().map(key -> history.read(node.number(), key)).toList();
        CompletableFuture<Map<Integer, String>> answers =
                presentOnly ? node.async().getAllPresent(keys) : node.async().getAll(keys);
        track(node, "getAll " + keys, answers, readBound(node), (values, failure) -> {
            if (failure != null) {
                checkReadFailure("getAll", failure);
                return;
            }
            for (Read read : reads) {
                String value = Objects.requireNonNull(values).get(read.key());
                if (value != null || !presentOnly) {
                    history.answered(read, value);
                }
            }
        });
    }

    private void checkReadFailure(String what, Throwable failure) {
        boolean expected = failure instanceof SimulatedNode.SourceFailure
                || failure instanceof CancellationException
                || (!plan.isFaultless()
                        && (failure instanceof LoadTimeoutException || failure instanceof LoadRejectedException));
        if (!expected) {
            history.violated(what + " failed with " + failure + " at " + List.of(failure.getStackTrace()));
        }
    }

    private void put(SimulatedNode node, Map<Integer, Row> rows) {
        Map<Integer, String> values = new LinkedHashMap<>();
        List<Change> changes = new ArrayList<>();
        rows.forEach((key, row) -> {
            if (row.present()) {
                List<String> tags = rows.size() == 1 ? row.tags(key) : List.of();
                Origin origin = history.beginPut(node.number(), key, row, tags);
                changes.add(history.begin(node.number(), key, null, origin));
                values.put(key, node.text(origin));
            }
        });
        if (values.isEmpty()) {
            invalidate(node, List.copyOf(rows.keySet()));
        } else if (values.size() == 1) {
            Change change = changes.get(0);
            int key = Objects.requireNonNull(change.key);
            Origin origin = Objects.requireNonNull(change.put);
            write(node, "put", changes, node.async().put(key, node.text(origin), options(origin)));
        } else {
            write(node, "putAll", changes, node.async().putAll(values));
        }
    }

    private EntryOptions options(Origin origin) {
        EntryOptions options = EntryOptions.tags(origin.tags.toArray(String[]::new));
        return plan.loading().sourceVersions() ? options.withSourceVersion(origin.row.number()) : options;
    }

    private void putIfAbsent(SimulatedNode node, int key, Row row) {
        Origin origin = history.beginPut(node.number(), key, row, row.tags(key));
        Change change = history.begin(node.number(), key, null, origin);
        change.keepsValues = true;
        CompletableFuture<Boolean> stored = node.async().putIfAbsent(key, node.text(origin), options(origin));
        track(node, "putIfAbsent #" + origin.id + " " + key, stored, WRITE_BOUND, (done, failure) -> {
            // One that fails has perhaps stored its value and perhaps not; it takes none away.
            change.keepsValues = !Boolean.TRUE.equals(done);
            returned(node, change, failure);
        });
    }

    private void invalidate(SimulatedNode node, List<Integer> keys) {
        List<Change> changes = keys.stream()
                .map(key -> history.begin(node.number(), key, null, null))
                .toList();
        write(
                node,
                "invalidate " + keys,
                changes,
                keys.size() == 1
                        ? node.async().invalidate(keys.get(0))
                        : node.async().invalidateAll(keys));
    }

    private void invalidateTag(SimulatedNode node, String tag) {
        Change change = history.begin(node.number(), null, tag, null);
        write(node, "invalidateTag " + tag, List.of(change), node.async().invalidateTag(tag));
        if (plan.rarities().isCrowded() && random.nextInt(4) == 0) {
            time.after((long) (random.nextDouble() * 4_000_000), () -> server.receive(() -> server.evictMarker(tag)));
        }
    }

    private void clear(SimulatedNode node) {
        Change change = history.begin(node.number(), null, null, null);
        write(node, "clear", List.of(change), node.async().clear());
    }

    private void expire(SimulatedNode node, int key) {
        Change change = history.begin(node.number(), key, null, null);
        change.keepsValues = true;
        write(node, "expire " + key, List.of(change), node.async().expire(key));
    }

    private void write(SimulatedNode node, String what, List<Change> changes, CompletableFuture<Void> written) {
        List<Integer> puts = changes.stream()
                .filter(change -> change.put != null)
                .map(change -> Objects.requireNonNull(change.put).id)
                .toList();
        track(node, what + (puts.isEmpty() ? "" : " #" + puts), written, WRITE_BOUND, (done, failure) -> {
            changes.forEach(change -> returned(node, change, failure));
            Integer key = changes.get(0).key;
            if (key != null && random.nextInt(3) == 0) {
                // As early as anybody can read after a write.
                get(node, key);
            }
        });
    }

    private void returned(SimulatedNode node, Change change, @Nullable Throwable failure) {
        history.returned(change, failure == null);
        if (failure != null) {
            unacknowledged.add(change);
            if (!(failure instanceof FarWriteException) || plan.isFaultless()) {
                history.violated("a write on node " + node.number() + " failed with " + failure);
            }
        }
    }

    private static Duration readBound(SimulatedNode node) {
        return node.assembly().reads().longestWait();
    }

    private <T> void track(
            SimulatedNode node,
            String what,
            CompletableFuture<T> future,
            Duration bound,
            BiConsumer<@Nullable T, @Nullable Throwable> ended) {
        int number = ++tracked;
        String told = String.format("%.3f ms node %d: %s", time.nanos() / 1e6, node.number(), what);
        pending.put(number, told);
        if (!future.isDone()) {
            notes.accept(told + " …");
            watch(node, number, bound.plusMillis(5), node.clock().pausedTime());
        }
        future.whenComplete((result, failure) -> {
            pending.remove(number);
            failures += failure == null ? 0 : 1;
            String outcome =
                    failure == null ? shortened(result) : failure.getClass().getSimpleName();
            outcomes = outcomes * 31 + (number + outcome).hashCode();
            note(node, what + " → " + outcome);
            ended.accept(result, failure);
        });
    }

    private static String shortened(@Nullable Object result) {
        String text = String.valueOf(result);
        return text.length() > 60 ? text.substring(0, 60) : text;
    }

    private void watch(SimulatedNode node, int number, Duration bound, Duration pausedBefore) {
        node.clock().after(node.clock().trueTime(bound).toNanos(), () -> {
            Duration paused = node.clock().pausedTime();
            if (!pending.containsKey(number)) {
                return;
            }
            if (paused.compareTo(pausedBefore) > 0) {
                watch(node, number, paused.minus(pausedBefore), paused);
            } else {
                history.violated("did not end within its bound: " + pending.get(number));
            }
        });
    }

    private void note(SimulatedNode node, String what) {
        notes.accept(String.format("%.3f ms node %d: %s", time.nanos() / 1e6, node.number(), what));
    }
}
