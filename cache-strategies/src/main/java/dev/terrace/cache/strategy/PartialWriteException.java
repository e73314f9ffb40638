package dev.terrace.cache.strategy;

import dev.terrace.cache.CacheException;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Thrown by a {@link BatchWriter} that has stored a part of its batch: all but the keys that it names. They have to be keys of
 * that batch, equal to those of its operations; a name that is none says nothing about what was stored, so all of the batch is
 * tried again then.
 */
public final class PartialWriteException extends CacheException {

    private static final long serialVersionUID = 1L;

    @SuppressWarnings("serial")
    private final Map<Object, Throwable> failed;

    /**
     * @param failed the keys that were not stored, with why, which should not be null; not empty, and copied
     */
    public PartialWriteException(Map<?, ? extends @Nullable Throwable> failed) {
        super(failed.size() + " operations of a batch were not stored", first(failed));
        Map<Object, Throwable> copy = new HashMap<>();
        failed.forEach((key, why) -> copy.put(key, reason(why)));
        this.failed = Collections.unmodifiableMap(copy);
    }

    private static Throwable first(Map<?, ? extends @Nullable Throwable> failed) {
        if (failed.isEmpty()) {
            throw new IllegalArgumentException("failed: must not be empty");
        }
        return reason(failed.values().iterator().next());
    }

    /** A writer that has forgotten to say why has still said what. */
    private static Throwable reason(@Nullable Throwable why) {
        return why == null ? new IllegalStateException("the writer gave no reason") : why;
    }

    /** Why each key that is named was not stored. Unmodifiable. */
    public Map<Object, Throwable> failed() {
        return failed;
    }
}
