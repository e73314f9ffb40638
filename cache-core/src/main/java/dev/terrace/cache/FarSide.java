package dev.terrace.cache;

import dev.terrace.cache.codec.KeyCodec;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A cache's far tier with what belongs to it: keys, the typed access, and the repairs that wait for it. */
record FarSide<K, V>(
        String cacheName,
        KeyCodec<? super K> keys,
        FarAccess<V> access,
        RecoveryQueue recovery,
        @Nullable IdleTouches<V> idle,
        Switches switches) {

    /** Under which key a key's record is stored; fails as the key codec does. */
    FarKey key(K key) {
        return FarKeys.of(
                Objects.requireNonNull(encoded(key), () -> "cache \"" + cacheName + "\": the keyCodec returned null"));
    }

    /** Codecs do not know whose keys they encode. */
    private @Nullable String encoded(K key) {
        try {
            return keys.encode(key);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("cache \"" + cacheName + "\": " + e.getMessage(), e);
        }
    }

    /** Whether this node may ask the far tier for a key: it is on, and no change of the key waits to be repaired there. */
    boolean mayAsk(FarKey key) {
        return switches.isFarOn() && !recovery.isSuspect(key);
    }

    /** A key's record was used or written. */
    void used(FarKey key) {
        if (idle != null) {
            idle.used(key);
        }
    }

    /** Whether an entry with these tags may be believed: no invalidation of them waits to be repaired. */
    boolean mayBelieve(List<String> tags) {
        return !recovery.isSuspectTag(tags);
    }
}
