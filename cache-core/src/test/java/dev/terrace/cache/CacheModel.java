package dev.terrace.cache;

import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** What a cache is, for one thread: a map of entries that age. Loads take no time, and end before the read that began them. */
final class CacheModel {

    /** Settings that change what reads see. */
    record Rules(Duration fresh, Duration stale, @Nullable Duration negative) {}

    /** What is cached of a key; of nothing found, null. */
    private record Held(@Nullable String value, List<String> tags, Duration freshUntil, Duration goneAt) {}

    /** A row of the source. */
    record Row(String value, List<String> tags) {}

    private final Rules rules;
    private final Map<String, Row> rows = new HashMap<>();
    private final Map<String, Held> entries = new HashMap<>();
    private final Set<String> paused = new HashSet<>();
    private Duration now = Duration.ZERO;
    private boolean failing;

    CacheModel(Rules rules) {
        this.rules = rules;
    }

    void row(String key, @Nullable Row row) {
        rows.compute(key, (k, before) -> row);
    }

    void failing(boolean fails) {
        failing = fails;
    }

    /** More than any pause after a failure. */
    void advance(Duration time) {
        now = now.plus(time);
        paused.clear();
    }

    private @Nullable Held live(String key) {
        Held held = entries.get(key);
        return held == null || now.compareTo(held.goneAt) >= 0 ? null : held;
    }

    private boolean isFresh(Held held) {
        return now.compareTo(held.freshUntil) < 0;
    }

    @Nullable
    String getIfPresent(String key) {
        Held held = live(key);
        return held == null ? null : held.value;
    }

    /** @return the value, or that the load failed */
    Object get(String key) {
        Held held = live(key);
        if (held != null && (isFresh(held) || paused.contains(key))) {
            return String.valueOf(held.value);
        }
        Object loaded = load(key);
        if (held == null) {
            return loaded;
        }
        if (failing) {
            paused.add(key);
        }
        return String.valueOf(held.value);
    }

    Object refresh(String key) {
        return load(key);
    }

    private Object load(String key) {
        if (failing) {
            return CacheHistory.FAILED;
        }
        paused.remove(key);
        Row row = rows.get(key);
        if (row != null) {
            put(key, row.value, EntryOptions.tags(row.tags.toArray(new String[0])));
            return row.value;
        }
        entries.remove(key);
        if (rules.negative != null) {
            Duration end = now.plus(rules.negative);
            entries.put(key, new Held(null, List.of(), end, end));
        }
        return String.valueOf((Object) null);
    }

    Object getAll(Collection<String> keys) {
        Map<String, String> found = new LinkedHashMap<>();
        boolean failed = false;
        for (String key : new LinkedHashSet<>(keys)) {
            boolean cachedNull = live(key) != null && getIfPresent(key) == null;
            Object value = get(key);
            failed |= value == CacheHistory.FAILED;
            if (!cachedNull && !value.equals("null")) {
                found.put(key, value.toString());
            }
        }
        return failed ? CacheHistory.FAILED : found;
    }

    Map<String, String> getAllPresent(Collection<String> keys) {
        Map<String, String> found = new LinkedHashMap<>();
        for (String key : keys) {
            String value = getIfPresent(key);
            if (value != null) {
                found.put(key, value);
            }
        }
        return found;
    }

    /** @param exactly whether the model's time is the cache's */
    String lookup(String key, boolean exactly) {
        Held held = live(key);
        if (held == null) {
            return "absent";
        }
        return (isFresh(held) ? "FRESH " : "STALE ") + held.value + " " + new TreeSet<>(held.tags)
                + (exactly ? " " + held.goneAt.minus(now) : "");
    }

    void put(String key, String value, EntryOptions options) {
        Duration fresh = options.fresh();
        Duration stale = options.stale();
        Duration freshUntil = now.plus(fresh == null ? rules.fresh : fresh);
        entries.put(
                key, new Held(value, options.tags(), freshUntil, freshUntil.plus(stale == null ? rules.stale : stale)));
    }

    boolean putIfAbsent(String key, String value, EntryOptions options) {
        if (live(key) != null) {
            return false;
        }
        put(key, value, options);
        return true;
    }

    void invalidate(String key) {
        entries.remove(key);
    }

    void invalidateTag(String tag) {
        entries.values().removeIf(held -> held.tags.contains(tag));
    }

    void clear() {
        entries.clear();
    }

    void expire(String key) {
        Held held = live(key);
        if (held != null && isFresh(held)) {
            entries.put(key, new Held(held.value, held.tags, now, held.goneAt));
        }
    }
}
