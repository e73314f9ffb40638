package dev.terrace.cache.strategy;

import dev.terrace.cache.CacheException;
import java.util.HashMap;
import java.util.Map;

/** Thrown by a {@link BatchWriter} that has stored a part of its batch: all but the keys that it names. */
public final class PartialWriteException extends CacheException {

    private static final long serialVersionUID = 1L;

    @SuppressWarnings("serial")
    private final Map<Object, Throwable> failed;

    /** @param failed the keys that were not stored, with why; not empty */
    public PartialWriteException(Map<?, ? extends Throwable> failed) {
        super(
                failed.size() + " operations of a batch were not stored",
                failed.values().iterator().next());
        this.failed = new HashMap<>(failed);
    }

    /** Why each key that is named was not stored. */
    public Map<Object, Throwable> failed() {
        return Map.copyOf(failed);
    }
}
