package dev.terrace.cache;

import dev.terrace.cache.spi.ChangeFeed;
import dev.terrace.cache.spi.FarClock;
import dev.terrace.cache.spi.FarReading;
import dev.terrace.cache.spi.FarStore;
import dev.terrace.cache.spi.InvalidationBus;
import dev.terrace.cache.spi.InvalidationBus.Member;
import dev.terrace.cache.spi.InvalidationBus.Notice;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A store whose changes are told on a bus: those of this node to the others once they are acknowledged, or may have been made
 * without that; those of others as a feed that makes copies be compared and never makes them be trusted. Fills are not told: what
 * they replace was no longer fresh, or not there.
 */
final class TellingFarStore implements FarStore {

    private final FarStore store;
    private final Feed feed;
    private final Consumer<Throwable> onFailure;

    private TellingFarStore(FarStore store, Feed feed, Consumer<Throwable> onFailure) {
        this.store = store;
        this.feed = feed;
        this.onFailure = onFailure;
    }

    /**
     * The store itself where there is no bus.
     *
     * @param onFailure told of what could not be told
     * @throws IllegalStateException if the store tells of its changes itself, or the bus is closed
     */
    static FarStore around(
            FarStore store, String cacheName, @Nullable InvalidationBus bus, Consumer<Throwable> onFailure) {
        if (bus == null) {
            return store;
        }
        if (store.changeFeed() != null) {
            throw new IllegalStateException(
                    "cache \"" + cacheName + "\": bus is not needed: the far tier tells of changes itself");
        }
        return new TellingFarStore(store, new Feed(cacheName, bus), onFailure);
    }

    /** What others tell. Until it is started, which is when the cache is whole, there is nothing that it could be about. */
    private static final class Feed implements ChangeFeed, InvalidationBus.Listener {

        private final InvalidationBus bus;
        private final Member member;
        private volatile ChangeFeed.@Nullable Listener listener;
        private volatile boolean interrupted;

        Feed(String cacheName, InvalidationBus bus) {
            this.bus = bus;
            this.member = bus.join(cacheName, this);
        }

        @Override
        public void start(ChangeFeed.Listener told) {
            listener = told;
            if (interrupted) {
                told.changedAll(0);
            }
        }

        @Override
        public void heard(Notice notice) {
            ChangeFeed.Listener told = listener;
            if (told != null) {
                notice.keys().forEach(key -> told.changed(0, key));
                notice.markers().forEach(name -> told.markerChanged(0, name));
            }
        }

        @Override
        public void interrupted() {
            interrupted = true;
            ChangeFeed.Listener told = listener;
            if (told != null) {
                told.changedAll(0);
            }
        }

        @Override
        public boolean isComplete() {
            return false;
        }

        @Override
        public String toString() {
            return "changes by nodes on the bus are seen at once (" + bus + ")";
        }
    }

    @Override
    public ChangeFeed changeFeed() {
        return feed;
    }

    private void tell(List<String> keys, List<String> markers) {
        for (Notice notice : Notice.of(keys, markers)) {
            feed.member.tell(notice).whenComplete((sent, failure) -> {
                if (failure != null) {
                    onFailure.accept(failure);
                }
            });
        }
    }

    private CompletionStage<List<WriteReply>> told(List<String> keys, CompletionStage<List<WriteReply>> written) {
        return written.whenComplete((replies, failure) -> {
            List<String> changed = keys;
            if (replies != null) {
                changed = new ArrayList<>(keys.size());
                for (int i = 0; i < keys.size(); i++) {
                    if (mayHaveChanged(replies.get(i))) {
                        changed.add(keys.get(i));
                    }
                }
            }
            tell(changed, List.of());
        });
    }

    private CompletionStage<WriteReply> told(String key, CompletionStage<WriteReply> written) {
        return written.whenComplete((reply, failure) -> {
            if (reply == null || mayHaveChanged(reply)) {
                tell(List.of(key), List.of());
            }
        });
    }

    private static boolean mayHaveChanged(WriteReply reply) {
        return reply instanceof WriteReply.Stored || !reply.isAcknowledged();
    }

    @Override
    public CompletionStage<List<WriteReply>> put(List<PutRequest> requests) {
        return told(requests.stream().map(PutRequest::key).toList(), store.put(requests));
    }

    @Override
    public CompletionStage<WriteReply> putIfUnchanged(PutRequest request, FarReading judged) {
        return told(request.key(), store.putIfUnchanged(request, judged));
    }

    @Override
    public CompletionStage<List<WriteReply>> invalidate(Collection<String> keys, Duration tombstoneTime) {
        List<String> ordered = List.copyOf(keys);
        return told(ordered, store.invalidate(ordered, tombstoneTime));
    }

    @Override
    public CompletionStage<WriteReply> expire(String key, long writeId) {
        return told(key, store.expire(key, writeId));
    }

    @Override
    public CompletionStage<MarkerReading> raiseMarkers(Collection<String> names, Duration life) {
        return store.raiseMarkers(names, life).whenComplete((reading, failure) -> tell(List.of(), List.copyOf(names)));
    }

    @Override
    public CompletionStage<MarkerReading> ensureMarkers(Collection<String> names, Duration life) {
        return store.ensureMarkers(names, life);
    }

    @Override
    public boolean versionsAreTimes() {
        return store.versionsAreTimes();
    }

    @Override
    public FarClock clock() {
        return store.clock();
    }

    @Override
    public CompletionStage<Void> ping() {
        return store.ping();
    }

    @Override
    public CompletionStage<List<FarReading>> read(List<String> keys) {
        return store.read(keys);
    }

    @Override
    public CompletionStage<List<FarReading>> readHeaders(List<String> keys) {
        return store.readHeaders(keys);
    }

    @Override
    public CompletionStage<List<LeaseReply>> lease(List<LeaseRequest> requests, Duration time) {
        return store.lease(requests, time);
    }

    @Override
    public CompletionStage<List<FillReply>> fill(List<FillRequest> requests) {
        return store.fill(requests);
    }

    @Override
    public CompletionStage<Void> release(List<FarLease> leases) {
        return store.release(leases);
    }

    @Override
    public CompletionStage<Void> touch(List<String> keys, Duration idle) {
        return store.touch(keys, idle);
    }

    @Override
    public CompletionStage<MarkerReading> markers(Collection<String> names) {
        return store.markers(names);
    }

    @Override
    public void close() {
        feed.member.close();
        store.close();
    }
}
