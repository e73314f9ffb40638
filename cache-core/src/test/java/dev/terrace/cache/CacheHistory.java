package dev.terrace.cache;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A random history of one cache, each step compared with {@link CacheModel}. A failure names its seed, which gives the same
 * history again: {@code -Dhistory.seed=N -Dhistory.seeds=1}.
 */
final class CacheHistory implements Loader<String, String> {

    static final Object FAILED = "failed";

    private static final List<String> KEYS = List.of("a", "b", "c", "d");
    private static final List<String> TAGS = List.of("red", "blue");
    private static final Duration FRESH = Duration.ofMinutes(5);
    private static final Duration STALE = Duration.ofMinutes(11);
    private static final Duration NEGATIVE = Duration.ofMinutes(3);
    /** No sum of them is a sum of the lives, so that nothing depends on which of two things is said at one moment. */
    private static final List<Duration> PASSING =
            List.of(Duration.ofMillis(71_003), Duration.ofMillis(203_007), Duration.ofMillis(419_011));

    private final Random random;
    private final boolean servesStale;
    private final boolean loadsInBulk;
    private final CacheModel.Rules rules;
    private final CacheModel model;
    private final Consumer<Duration> advance;
    private final boolean movesTime;
    private final boolean loadsTags;
    private final Map<String, CacheModel.Row> rows = new ConcurrentHashMap<>();
    private final Deque<String> told = new ArrayDeque<>();
    private volatile boolean failing;
    private int values;

    /** @param loadsTags whether what is loaded may have tags */
    CacheHistory(long seed, Consumer<Duration> advance, boolean movesTime, boolean loadsTags) {
        this.random = new Random(seed);
        this.servesStale = random.nextInt(4) != 0;
        this.loadsInBulk = random.nextBoolean();
        this.rules = new CacheModel.Rules(
                FRESH, servesStale ? STALE : Duration.ZERO, random.nextBoolean() ? NEGATIVE : null);
        this.model = new CacheModel(rules);
        this.advance = advance;
        this.movesTime = movesTime;
        this.loadsTags = loadsTags;
        told.add("seed " + seed + ", " + rules + (loadsInBulk ? ", in bulk" : ""));
    }

    CacheBuilder<String, String> settings(CacheBuilder<String, String> builder) {
        // A pause that no time but that of the history ends.
        builder.freshFor(FRESH).retryAfter(Duration.ofMinutes(1)).loader((key, context) -> {
            CacheModel.Row row = loaded(key);
            if (row == null) {
                return null;
            }
            context.tags(row.tags().toArray(new String[0]));
            return row.value();
        });
        if (servesStale) {
            builder.staleFor(STALE);
        }
        if (rules.negative() != null) {
            builder.negativeFor(rules.negative());
        }
        if (loadsInBulk) {
            builder.bulkLoader(this::loadAll);
        }
        return builder;
    }

    /** Null where this history has none. */
    @Nullable
    BulkLoader<String, String> bulkLoader() {
        return loadsInBulk ? this::loadAll : null;
    }

    private Map<String, String> loadAll(Set<String> keys) {
        Map<String, String> found = new LinkedHashMap<>();
        keys.forEach(key -> found.put(key, load(key)));
        return found;
    }

    @Override
    public @Nullable String load(String key) {
        CacheModel.Row row = loaded(key);
        return row == null ? null : row.value();
    }

    private CacheModel.@Nullable Row loaded(String key) {
        if (failing) {
            throw new IllegalStateException("the source fails");
        }
        return rows.get(key);
    }

    void run(Cache<String, String> cache, int steps) {
        for (int i = 0; i < steps; i++) {
            step(cache);
        }
    }

    private void step(Cache<String, String> cache) {
        String key = one(KEYS);
        switch (random.nextInt(20)) {
            case 0, 1, 2, 3 -> compare("get " + key, () -> String.valueOf(cache.get(key)), () -> model.get(key));
            case 4 -> compare("getIfPresent " + key, () -> cache.getIfPresent(key), () -> model.getIfPresent(key));
            case 5 -> compare("lookup " + key, () -> described(cache.lookup(key)), () -> model.lookup(key, movesTime));
            case 6 -> {
                List<String> keys = some();
                compare("getAll " + keys, () -> listed(cache.getAll(keys)), () -> listed(model.getAll(keys)));
            }
            case 7 -> {
                List<String> keys = some();
                compare(
                        "getAllPresent " + keys,
                        () -> listed(cache.getAllPresent(keys)),
                        () -> listed(model.getAllPresent(keys)));
            }
            case 8 -> {
                String value = value();
                EntryOptions options = options();
                act(
                        "put " + key + " " + value + " " + options,
                        () -> cache.put(key, value, options),
                        () -> model.put(key, value, options));
            }
            case 9 -> {
                Map<String, String> values = some().stream().distinct().collect(Collectors.toMap(k -> k, k -> value()));
                act(
                        "putAll " + values,
                        () -> cache.putAll(values),
                        () -> values.forEach((k, value) -> model.put(k, value, EntryOptions.DEFAULT)));
            }
            case 10 -> {
                String value = value();
                EntryOptions options = options();
                if (refuses(() -> cache.putIfAbsent("another key", value))) {
                    told("putIfAbsent is refused");
                } else {
                    compare(
                            "putIfAbsent " + key + " " + value + " " + options,
                            () -> cache.putIfAbsent(key, value, options),
                            () -> model.putIfAbsent(key, value, options));
                }
            }
            case 11 -> act("invalidate " + key, () -> cache.invalidate(key), () -> model.invalidate(key));
            case 12 -> {
                List<String> keys = some();
                act("invalidateAll " + keys, () -> cache.invalidateAll(keys), () -> keys.forEach(model::invalidate));
            }
            case 13 -> {
                String tag = one(TAGS);
                act("invalidateTag " + tag, () -> cache.invalidateTag(tag), () -> model.invalidateTag(tag));
            }
            case 14, 15 -> act("expire " + key, () -> cache.expire(key), () -> model.expire(key));
            case 16 -> compare("refresh " + key, () -> String.valueOf(cache.refresh(key)), () -> model.refresh(key));
            case 17 -> changeSource(key);
            case 18 -> {
                if (movesTime) {
                    Duration time = PASSING.get(random.nextInt(PASSING.size()));
                    act("advance " + time, () -> advance.accept(time), () -> model.advance(time));
                } else {
                    changeSource(key);
                }
            }
            default -> rarely(cache, key);
        }
    }

    private void rarely(Cache<String, String> cache, String key) {
        if (random.nextInt(3) == 0) {
            act("clear", cache::clear, model::clear);
            return;
        }
        String other = one(KEYS);
        String tag = one(TAGS);
        String value = value();
        act(
                "changes: put " + key + " " + value + ", invalidate " + other + ", invalidateTag " + tag,
                () -> {
                    try (Changes<String, String> changes = cache.changes()) {
                        changes.invalidate(other)
                                .put(key, value, EntryOptions.tags(tag))
                                .invalidateTag(tag)
                                .apply();
                    }
                },
                () -> {
                    model.invalidateTag(tag);
                    model.invalidate(other);
                    model.put(key, value, EntryOptions.tags(tag));
                });
    }

    /** Whether a wrapper does not have an operation; that a cache has it is another test's to say. */
    private static boolean refuses(Runnable operation) {
        try {
            operation.run();
            return false;
        } catch (UnsupportedOperationException e) {
            return true;
        }
    }

    private void changeSource(String key) {
        if (random.nextInt(4) == 0) {
            failing = !failing;
            told("the source " + (failing ? "fails" : "works"));
            model.failing(failing);
            return;
        }
        CacheModel.Row row = random.nextInt(3) == 0
                ? null
                : new CacheModel.Row(
                        value(), loadsInBulk || random.nextBoolean() || !loadsTags ? List.of() : List.of(one(TAGS)));
        told("row of " + key + " is " + row);
        rows.compute(key, (k, before) -> row);
        model.row(key, row);
    }

    private static <T> T one(List<T> many, Random random) {
        return many.get(random.nextInt(many.size()));
    }

    private String one(List<String> many) {
        return one(many, random);
    }

    private List<String> some() {
        return IntStream.range(0, 1 + random.nextInt(5))
                .mapToObj(i -> one(KEYS))
                .collect(Collectors.toCollection(ArrayList::new));
    }

    private String value() {
        return "v" + values++;
    }

    private EntryOptions options() {
        EntryOptions options = EntryOptions.DEFAULT;
        if (random.nextInt(3) == 0) {
            options = options.withTags(one(TAGS));
        }
        if (random.nextInt(4) == 0) {
            options = options.withFreshFor(Duration.ofMinutes(1 + random.nextInt(10)));
        }
        if (random.nextInt(4) == 0) {
            options = options.withStaleFor(Duration.ofMinutes(random.nextInt(10)));
        }
        return options;
    }

    private String described(Lookup<String> known) {
        if (!known.isPresent()) {
            return "absent";
        }
        return known.status() + " " + known.value() + " " + new TreeSet<>(known.tags())
                + (movesTime ? " " + known.remaining() : "");
    }

    /** With the order, which maps do not compare. */
    private static Object listed(Object found) {
        return found instanceof Map<?, ?> map ? List.copyOf(map.entrySet()) : found;
    }

    private void act(String what, Runnable ofCache, Runnable ofModel) {
        told(what);
        try {
            ofCache.run();
        } catch (RuntimeException e) {
            throw new AssertionError(history("failed: " + e), e);
        }
        ofModel.run();
    }

    private void compare(String what, Supplier<@Nullable Object> ofCache, Supplier<@Nullable Object> ofModel) {
        told(what);
        Object expected = ofModel.get();
        Object actual;
        try {
            actual = ofCache.get();
        } catch (IllegalStateException e) {
            actual = FAILED;
        }
        if (expected == null ? actual != null : !expected.equals(actual)) {
            throw new AssertionError(history("expected " + expected + ", but was " + actual));
        }
    }

    private void told(String what) {
        told.add(what);
    }

    private String history(String end) {
        List<String> all = List.copyOf(told);
        List<String> last = all.subList(Math.max(1, all.size() - 40), all.size());
        return all.get(0) + ", step " + (all.size() - 1) + ":\n  " + String.join("\n  ", last) + "\n" + end;
    }
}
