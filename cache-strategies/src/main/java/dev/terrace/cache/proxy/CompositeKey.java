package dev.terrace.cache.proxy;

import dev.terrace.cache.codec.KeyCodec;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The key of a method with several {@link dev.terrace.cache.annotation.CacheKey}s. Immutable if its parts are.
 *
 * @param parts what they mark, in the order of the parameters
 */
public record CompositeKey(List<Object> parts) {

    /** Takes a copy of the parts. */
    public CompositeKey {
        parts = List.copyOf(parts);
    }

    /** A key of these parts. */
    public static CompositeKey of(Object... parts) {
        return new CompositeKey(List.of(parts));
    }

    /**
     * How such keys are written in a far tier, for {@link dev.terrace.cache.CacheBuilder#keyCodec}: the parts as
     * {@link KeyCodec#standard} writes them, separated by commas. Each cache needs one of its own.
     */
    public static KeyCodec<CompositeKey> codec() {
        Map<Integer, KeyCodec<Object>> codecs = new ConcurrentHashMap<>();
        return key -> {
            StringBuilder text = new StringBuilder();
            for (int i = 0; i < key.parts.size(); i++) {
                String part = Objects.requireNonNull(codecs.computeIfAbsent(i, position -> KeyCodec.standard()))
                        .encode(key.parts.get(i));
                text.append(i == 0 ? "" : ",").append(part.replace("\\", "\\\\").replace(",", "\\,"));
            }
            return text.toString();
        };
    }
}
