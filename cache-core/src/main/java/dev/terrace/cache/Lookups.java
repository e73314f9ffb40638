package dev.terrace.cache;

import dev.terrace.cache.Validity.Verdict;
import java.time.Duration;

/** Tells what the tiers know of a key, from what a read of it found. */
final class Lookups<K, V> {

    private final Engine<K, V> engine;

    Lookups(Engine<K, V> engine) {
        this.engine = engine;
    }

    Lookup<V> described(Answer<V> answer) {
        Entry<V> entry = answer.entry();
        if (entry == null) {
            return Lookup.absent();
        }
        long now = engine.now();
        Verdict verdict = engine.rules().validity().judgeConfirmed(entry, now);
        if (!verdict.mayBeServed()) {
            return Lookup.absent();
        }
        return new Lookup<>(
                verdict == Verdict.FRESH ? Lookup.Status.FRESH : Lookup.Status.STALE,
                engine.copied(entry.value),
                answer.from() == null ? Lookup.Tier.NEAR : answer.from(),
                engine.age(entry),
                remaining(entry.freshUntil - now),
                remaining(entry.goneAt() - now),
                entry.extra.tags(),
                engine.rules().validity().isServedCutOff(entry, now));
    }

    private static Duration remaining(long nanos) {
        return Duration.ofNanos(Math.max(nanos, 0));
    }
}
