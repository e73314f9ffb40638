package dev.terrace.cache;

import dev.terrace.cache.spi.FarRecord;
import dev.terrace.cache.spi.RecordFormat;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What a loader said of the entry that it loads. */
final class LoadOptions<V> implements LoadContext<V> {

    private static final int MAX_STATE_LENGTH = RecordFormat.MAX_STATE_LENGTH;

    private final @Nullable Entry<V> previous;
    private boolean over;
    private boolean notModified;
    private EntryOptions options;
    private @Nullable String state;

    LoadOptions(@Nullable Entry<V> previous, EntryOptions initial) {
        this.previous = previous;
        this.options = initial;
    }

    @Override
    public Optional<V> previous() {
        return Optional.ofNullable(previous == null ? null : previous.value);
    }

    @Override
    public Optional<String> previousState() {
        return Optional.ofNullable(previous == null ? null : previous.extra.state());
    }

    @Override
    public void state(String loaderState) {
        Objects.requireNonNull(loaderState, "state");
        checkRunning();
        if (loaderState.length() > MAX_STATE_LENGTH) {
            throw new IllegalArgumentException(
                    "state: at most " + MAX_STATE_LENGTH + " characters, not " + loaderState.length());
        }
        state = Checks.wellFormed("state", loaderState);
    }

    @Override
    public void freshFor(Duration fresh) {
        checkRunning();
        options = options.withFreshFor(fresh);
    }

    @Override
    public void staleFor(Duration stale) {
        checkRunning();
        options = options.withStaleFor(stale);
    }

    @Override
    public void tags(String... tags) {
        checkRunning();
        options = options.withTags(tags);
    }

    @Override
    public void sourceVersion(long version) {
        checkRunning();
        options = options.withSourceVersion(version);
    }

    @Override
    public V notModified() {
        checkRunning();
        if (previous == null || previous.value == null) {
            throw new IllegalStateException("notModified: there is no previous value");
        }
        notModified = true;
        return previous.value;
    }

    private void checkRunning() {
        if (over) {
            throw new IllegalStateException("a LoadContext is valid during its load only");
        }
    }

    /** The load has returned; what the loader says later is refused. */
    void end() {
        over = true;
    }

    EntryOptions options() {
        return options;
    }

    /** The entry's tags, state and source version: the previous ones where the value still holds and no others were set. */
    Entry.Extra extra() {
        Entry.Extra before = notModified && previous != null ? previous.extra : Entry.Extra.NONE;
        List<String> tags = options.tags().isEmpty() ? before.tags() : options.tags();
        long sourceVersion =
                options.sourceVersion().orElse(notModified ? before.sourceVersion() : FarRecord.NO_SOURCE_VERSION);
        return Entry.Extra.of(tags, state == null ? before.state() : state, sourceVersion);
    }
}
