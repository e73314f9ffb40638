package dev.terrace.cache.strategy;

import dev.terrace.cache.Cache;
import dev.terrace.cache.CacheListener;
import dev.terrace.cache.FailureKind;
import dev.terrace.cache.spi.InvalidationSource;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.BiConsumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Invalidates what events of elsewhere say has changed.
 *
 * <pre>{@code
 * EventInvalidation.of(products, orders, (event, changes) -> changes.key(event.productId()).tag("shop:" + event.shopId()));
 * }</pre>
 *
 * <p><b>What is left behind</b>
 * <ul>
 *   <li>An event is acknowledged to its source after the far tier has acknowledged the invalidation. A crash before that: a
 *       source that keeps events delivers it again, which costs a load.
 *   <li>A far tier that does not acknowledge: this node does not serve the old value, and the event is not acknowledged.
 *   <li>An event that the mapping cannot understand: nothing is invalidated, it is reported, and not acknowledged. A source
 *       that does not leave it to its publisher takes it for missed.
 *   <li>Events that the source knows to have missed: everything in the cache is invalidated, which is reported.
 * </ul>
 */
public final class EventInvalidation implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger("dev.terrace.cache.strategy");

    private final InvalidationSource.Subscription subscription;
    private final Reports reports;

    private EventInvalidation(InvalidationSource.Subscription subscription, Reports reports) {
        this.subscription = subscription;
        this.reports = reports;
    }

    /**
     * Counts since the subscription began; a snapshot, not of one instant.
     *
     * @param applied events whose invalidation the far tier has acknowledged
     * @param missed how often the source has said that events were missed
     * @param failed of both, attempts that failed
     * @param listenerFailures what the listener has thrown
     */
    public record Stats(long applied, long missed, long failed, long listenerFailures) {}

    /** What an event says has changed. For the mapping that it is given to. */
    public static final class Changed<K> {

        private final Set<K> keys = new LinkedHashSet<>();
        private final Set<String> tags = new LinkedHashSet<>();
        private boolean all;

        private Changed() {}

        /** This key. */
        public Changed<K> key(K key) {
            keys.add(Objects.requireNonNull(key, "key"));
            return this;
        }

        /** Everything with this tag. */
        public Changed<K> tag(String tag) {
            tags.add(Objects.requireNonNull(tag, "tag"));
            return this;
        }

        /** Everything. */
        public Changed<K> all() {
            all = true;
            return this;
        }
    }

    /** Subscribes under the cache's name, until closed. */
    public static <K, V, E> EventInvalidation of(
            Cache<K, V> cache, InvalidationSource<E> source, BiConsumer<? super E, ? super Changed<K>> mapping) {
        return of(cache, source, mapping, CacheListener.NONE);
    }

    /** As {@link #of(Cache, InvalidationSource, BiConsumer)}; the listener is told of events that could not be applied. */
    public static <K, V, E> EventInvalidation of(
            Cache<K, V> cache,
            InvalidationSource<E> source,
            BiConsumer<? super E, ? super Changed<K>> mapping,
            CacheListener listener) {
        Reports reports = new Reports(cache.name(), listener);
        InvalidationSource.Handler<E> handler = new InvalidationSource.Handler<>() {
            @Override
            public CompletionStage<?> changed(E event) {
                return applied(cache, event, mapping)
                        .whenComplete((none, failure) -> reports.ended(reports.applied, failure));
            }

            @Override
            public CompletionStage<?> missed() {
                reports.missed();
                return begun(() -> cache.async().clear()).whenComplete((none, failure) -> reports.ended(null, failure));
            }
        };
        return new EventInvalidation(source.subscribe(cache.name(), handler), reports);
    }

    private static <K, V, E> CompletionStage<Void> applied(
            Cache<K, V> cache, E event, BiConsumer<? super E, ? super Changed<K>> mapping) {
        Changed<K> changed = new Changed<>();
        try {
            mapping.accept(event, changed);
        } catch (Throwable notUnderstood) {
            return CompletableFuture.failedFuture(
                    new IllegalArgumentException("the mapping did not understand an event", notUnderstood));
        }
        List<CompletableFuture<Void>> begun = new ArrayList<>();
        if (changed.all) {
            begun.add(begun(() -> cache.async().clear()));
        }
        changed.tags.forEach(tag -> begun.add(begun(() -> cache.async().invalidateTag(tag))));
        if (!changed.keys.isEmpty()) {
            begun.add(begun(() -> cache.async().invalidateAll(changed.keys)));
        }
        return CompletableFuture.allOf(begun.toArray(CompletableFuture[]::new));
    }

    /**
     * What is refused at once, by a closed cache or for a tag that is none, keeps nothing else from being invalidated, and a
     * source is told of whatever was thrown.
     */
    private static CompletableFuture<Void> begun(Supplier<CompletableFuture<Void>> invalidation) {
        try {
            return invalidation.get();
        } catch (Throwable refused) {
            return CompletableFuture.failedFuture(refused);
        }
    }

    /** Counts, logs at a limited rate, and tells the listener, whatever that does. */
    private static final class Reports {

        private final LongAdder applied = new LongAdder();
        private final LongAdder missed = new LongAdder();
        private final LongAdder failed = new LongAdder();
        private final LongAdder listenerFailures = new LongAdder();
        private final String name;
        private final CacheListener listener;
        private final RareLine missedLine = new RareLine(System::nanoTime);
        private final RareLine eventLine = new RareLine(System::nanoTime);
        private final RareLine listenerLine = new RareLine(System::nanoTime);

        Reports(String name, CacheListener listener) {
            this.name = name;
            this.listener = listener;
        }

        void missed() {
            missed.increment();
            missedLine.log(more -> LOG.warn(
                    "cache {}: events of change were missed; everything is invalidated; {} more since the last line",
                    name,
                    more));
        }

        void ended(@Nullable LongAdder done, @Nullable Throwable failure) {
            if (failure != null) {
                notApplied(failure);
            } else if (done != null) {
                done.increment();
            }
        }

        private void notApplied(Throwable failure) {
            failed.increment();
            Throwable cause = Waiting.cause(failure);
            eventLine.log(more -> LOG.warn(
                    "cache {}: an event of change was not applied; {} more since the last line", name, more, cause));
            try {
                listener.onFailure(name, FailureKind.INVALIDATION_SOURCE, cause);
            } catch (Throwable thrown) {
                listenerFailures.increment();
                listenerLine.log(more ->
                        LOG.warn("cache {}: a listener threw; {} more since the last line", name, more, thrown));
            }
        }
    }

    /** How much of what its source said was applied. */
    public Stats stats() {
        return new Stats(
                reports.applied.sum(), reports.missed.sum(), reports.failed.sum(), reports.listenerFailures.sum());
    }

    /** Ends the subscription; the cache stays open. Idempotent. */
    @Override
    public void close() {
        subscription.close();
    }
}
