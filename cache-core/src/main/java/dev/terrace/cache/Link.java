package dev.terrace.cache;

import dev.terrace.cache.CacheListener.LinkState;
import dev.terrace.cache.spi.ChangeFeed;
import dev.terrace.cache.spi.FarStore.MarkerReading;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What this node is told of changes in the far tier, and for how long it may rely on being told.
 *
 * <p>Whoever reads notes a {@link Watch} first. A notice ends the watch on its key; the {@link TrustTerm} of all watches of a
 * source ends where what that source has told is no longer known to be everything. A copy that carries its watch needs no
 * finding: it is not trusted any more, wherever it is and whoever stores it when. {@code docs/coherence.md} has the proof.
 */
final class Link implements ChangeFeed.Listener {

    private static final int TAG_CELLS = 1 << 10;

    private final @Nullable ChangeFeed feed;
    private final Ticker ticker;
    private final Bounds bounds;
    private final Consumer<LinkState> states;
    private final Echoes echoes = new Echoes();
    private final ConcurrentHashMap<String, CompletableFuture<Void>> awaited = new ConcurrentHashMap<>();
    private final LongAdder changes = new LongAdder();
    private final LongAdder armings = new LongAdder();

    private final ReentrantLock lock = new ReentrantLock();
    private volatile @Nullable Generation[] generations = {};
    private volatile Runnable onMarkers = () -> {};
    private volatile LinkState state;

    /** @param cells of watches on keys, a power of two */
    record Bounds(long maxStaleness, int cells) {}

    /** The time for which a source tells without interruption, or does not tell. */
    private static final class Generation {
        final TrustTerm term = TrustTerm.begin();
        final Watches keys;
        final Watches tags = new Watches(term, TAG_CELLS);
        final Watches all = new Watches(term, 1);
        final boolean tells;
        /** Of a time without telling: the term of the time before, which is trusted to its horizon. */
        final @Nullable TrustTerm before;

        private Generation(int cells, boolean tells, @Nullable TrustTerm before) {
            this.keys = new Watches(term, cells);
            this.tells = tells;
            this.before = before;
        }

        static Generation telling(int cells) {
            return new Generation(cells, true, null);
        }

        static Generation silent(int cells, @Nullable TrustTerm before) {
            return new Generation(cells, false, before);
        }

        /** What was read until now is to be compared. */
        void end() {
            term.end();
            if (before != null) {
                before.end();
            }
        }

        long reached() {
            TrustTerm last = tells ? term : before;
            return last == null ? Long.MIN_VALUE : last.reached();
        }

        Watches watches(String marker) {
            return MarkerReading.ALL.equals(marker) ? all : tags;
        }
    }

    /** @param states told of what becomes of the link */
    Link(@Nullable ChangeFeed feed, Ticker ticker, Bounds bounds, Consumer<LinkState> states) {
        this.feed = feed;
        this.ticker = ticker;
        this.bounds = bounds;
        this.states = states;
        this.state = feed == null || !feed.isComplete() ? LinkState.NONE : LinkState.DOWN;
    }

    /** Whether there is anybody who could tell. */
    boolean isThere() {
        return feed != null;
    }

    /** Whether it ever gives trust, and does not merely take it. */
    boolean isComplete() {
        return feed != null && feed.isComplete();
    }

    /** @param refreshMarkers asks the far tier for the marker of the whole cache */
    void start(Runnable refreshMarkers) {
        onMarkers = refreshMarkers;
        if (feed != null) {
            replace(0, Generation.silent(bounds.cells(), null));
            feed.start(this);
        }
    }

    /** To be taken before a key is read. */
    Watch watch(String key) {
        if (feed == null) {
            return Watch.NONE;
        }
        Generation now = now(feed.sourceOf(key));
        return now == null ? Watch.NONE : now.keys.on(key);
    }

    /** To be taken before a marker is read. */
    Watch watchMarker(String name) {
        if (feed == null) {
            return Watch.NONE;
        }
        Generation now = now(feed.sourceOfMarkers());
        return now == null ? Watch.NONE : now.watches(name).on(name);
    }

    private @Nullable Generation now(int source) {
        @Nullable Generation[] all = generations;
        return source < all.length ? all[source] : null;
    }

    private @Nullable Generation telling(int source) {
        Generation now = now(source);
        return now != null && now.tells ? now : null;
    }

    /** Whether changes of a key are being told. */
    boolean tells(FarKey key) {
        return feed != null && telling(feed.sourceOf(key.text())) != null;
    }

    /** Ends with the next notice of a key, or with the next doubt that there will be one. */
    CompletableFuture<Void> nextChange(FarKey key) {
        return awaited.computeIfAbsent(key.text(), text -> new CompletableFuture<>());
    }

    /** Ends the wait for the next notice of a key. */
    void wake(FarKey key) {
        wake(key.text());
    }

    private void wake(String key) {
        CompletableFuture<Void> waiting = awaited.isEmpty() ? null : awaited.remove(key);
        if (waiting != null) {
            waiting.complete(null);
        }
    }

    /** Own writes of these keys are about to be sent. */
    void expectEchoes(List<String> keys) {
        if (feed != null && state == LinkState.ARMED) {
            echoes.expect(keys);
        }
    }

    /** An own write has changed a key. */
    void written(String key) {
        if (feed != null) {
            echoes.written(key, ticker.nanos());
        }
    }

    /** What became of an own write is not known, or it found nothing to change. */
    void notWritten(String key) {
        if (feed != null) {
            echoes.forget(key);
        }
    }

    /** An own write learned that somebody else has changed a key, perhaps by a notice that was taken for an echo. */
    void overtaken(String key) {
        if (feed != null) {
            echoes.forget(key);
            Generation now = now(feed.sourceOf(key));
            if (now != null) {
                now.keys.changed(key);
            }
        }
    }

    @Override
    public long nanos() {
        return ticker.nanos();
    }

    @Override
    public long maxStaleness() {
        return bounds.maxStaleness();
    }

    @Override
    public void armed(int source, long askedAt) {
        Generation armed = Generation.telling(bounds.cells());
        armed.term.extend(askedAt + bounds.maxStaleness());
        end(replace(source, armed));
        armings.increment();
        told(LinkState.ARMED);
        onMarkers.run();
    }

    /** Returns the one before, which is ended once the next is there: what is read meanwhile belongs to either. */
    private @Nullable Generation replace(int source, Generation next) {
        lock.lock();
        try {
            @Nullable Generation[] copy = Arrays.copyOf(generations, Math.max(generations.length, source + 1));
            Generation before = copy[source];
            copy[source] = next;
            generations = copy;
            return before;
        } finally {
            lock.unlock();
        }
    }

    private void end(@Nullable Generation before) {
        if (before != null) {
            before.end();
        }
        wakeAll();
    }

    @Override
    public void confirmed(int source, long askedAt) {
        Generation now = telling(source);
        if (now != null) {
            now.term.extend(askedAt + bounds.maxStaleness());
            echoes.confirmed(askedAt);
        }
    }

    @Override
    public void changed(int source, String key) {
        changes.increment();
        Generation now = now(source);
        boolean echo = echoes.take(key);
        if (now != null && echo) {
            now.keys.echoed(key);
        } else if (now != null) {
            now.keys.changed(key);
        }
        wake(key);
    }

    /** What was read since it was written has its own watch; what was read before, the write path takes away. */
    @Override
    public void changedHere(int source, String key) {
        if (!echoes.take(key)) {
            // Whether it was acknowledged is not known, or another own write was told first.
            changed(source, key);
            return;
        }
        changes.increment();
        wake(key);
    }

    @Override
    public void markerChanged(int source, String name) {
        changes.increment();
        Generation now = now(source);
        if (now != null) {
            now.watches(name).changed(name);
        }
        if (MarkerReading.ALL.equals(name)) {
            onMarkers.run();
        }
    }

    @Override
    public void changedAll(int source) {
        Generation before = now(source);
        if (before != null) {
            Generation next =
                    before.tells ? Generation.telling(bounds.cells()) : Generation.silent(bounds.cells(), null);
            if (before.tells) {
                next.term.extend(before.term.until());
            }
            end(replace(source, next));
            armings.increment();
            if (next.tells) {
                onMarkers.run();
            }
        }
    }

    /** What was read is trusted to the horizon: until then nothing has changed for longer than the bound allows. */
    @Override
    public void lost(int source) {
        Generation last = telling(source);
        if (last != null) {
            replace(source, Generation.silent(bounds.cells(), last.term));
            echoes.clear();
            told(LinkState.DOWN);
            wakeAll();
        }
    }

    private void wakeAll() {
        awaited.keySet().forEach(this::wake);
    }

    private void told(LinkState next) {
        LinkState shown = next == LinkState.ARMED && !areAllArmed() ? LinkState.DOWN : next;
        if (state != shown) {
            state = shown;
            states.accept(shown);
        }
    }

    private boolean areAllArmed() {
        return Arrays.stream(generations).filter(Objects::nonNull).allMatch(generation -> generation.tells);
    }

    LinkState state() {
        return state;
    }

    /** How many notices have come. */
    long changes() {
        return changes.sum();
    }

    /** How often a source began anew. */
    long armings() {
        return armings.sum();
    }

    /** How long ago the oldest question was asked that trust rests on now; the bound or more where there is no trust. */
    long trustAge() {
        long oldest = Long.MAX_VALUE;
        for (Generation generation : generations) {
            if (generation != null) {
                oldest = Math.min(oldest, generation.reached());
            }
        }
        return oldest == Long.MAX_VALUE || oldest == Long.MIN_VALUE
                ? Long.MAX_VALUE
                : Math.max(0, ticker.preciseNanos() - oldest + bounds.maxStaleness());
    }

    @Override
    public String toString() {
        return feed == null ? "none" : feed.toString();
    }
}
