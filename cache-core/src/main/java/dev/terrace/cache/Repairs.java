package dev.terrace.cache;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Changes of one kind that wait for repair, each name once. What was tried in vain waits behind what was not tried yet, and goes
 * to the end each time, so that names whose server is down hold up no others. Nor do new ones of that server: after some that
 * were refused it is the turn of what was refused before. Not thread-safe.
 */
final class Repairs<T> {

    private final Map<T, Waiting> untried = new LinkedHashMap<>();
    private final Map<T, Waiting> refused = new LinkedHashMap<>();
    /** Whether something had been refused before what was given out last. */
    private boolean hadRefused;
    /** Whether the next turn is that of what was refused. */
    private boolean refusedFirst;

    /**
     * A change that waits.
     *
     * @param due when its repair may be sent; also tells two repairs of one name apart
     * @param since when the first change began to wait that this repair is for
     */
    record Waiting(long due, long since) {}

    boolean contains(T name) {
        return untried.containsKey(name) || refused.containsKey(name);
    }

    int size() {
        return untried.size() + refused.size();
    }

    /** Since when the oldest waits, or now. */
    long oldest(long now) {
        long oldest = now;
        for (Waiting waiting : untried.values()) {
            oldest = Math.min(oldest, waiting.since());
        }
        for (Waiting waiting : refused.values()) {
            oldest = Math.min(oldest, waiting.since());
        }
        return oldest;
    }

    /** One more change of a name; its repair is for those before, too. */
    void add(T name, long now, long due) {
        Waiting first = untried.remove(name);
        Waiting second = refused.remove(name);
        @Nullable Waiting before = first == null ? second : first;
        untried.put(name, new Waiting(due, before == null ? now : before.since()));
    }

    void clear() {
        untried.clear();
        refused.clear();
    }

    boolean hasUntried(long now) {
        return untried.values().stream().anyMatch(waiting -> waiting.due() <= now);
    }

    /** What may be sent now: what was not tried yet, or, by turns and where there is none of that, what was tried longest ago. */
    Map<T, Waiting> due(long now, int mostUntried, int mostRefused) {
        hadRefused = !refused.isEmpty();
        if (refusedFirst && hadRefused) {
            return due(refused, now, mostRefused);
        }
        Map<T, Waiting> due = due(untried, now, mostUntried);
        return due.isEmpty() ? due(refused, now, mostRefused) : due;
    }

    private static <T> Map<T, Waiting> due(Map<T, Waiting> waiting, long now, int most) {
        Map<T, Waiting> due = new LinkedHashMap<>();
        for (Map.Entry<T, Waiting> entry : waiting.entrySet()) {
            if (due.size() == most) {
                break;
            }
            if (entry.getValue().due() <= now) {
                due.put(entry.getKey(), entry.getValue());
            }
        }
        return due;
    }

    /** It was repaired; if it has changed again meanwhile, that still waits. */
    void repaired(T name, Waiting sent) {
        if (!untried.remove(name, sent) && refused.remove(name, sent)) {
            refusedFirst = false;
        }
    }

    /** Its repair was not acknowledged. */
    void refused(T name, Waiting sent) {
        if (untried.remove(name, sent)) {
            refused.put(name, sent);
            refusedFirst = hadRefused;
        } else if (refused.remove(name, sent)) {
            refused.put(name, sent);
            refusedFirst = false;
        }
    }
}
