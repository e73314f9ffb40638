package dev.terrace.cache.spi;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;

/**
 * Carries notices of changes from the node that made them to the other nodes, for far tiers that do not tell of changes
 * themselves: near copies are compared with the far tier at once, and not when their trust ends.
 *
 * <p>That is all it does. A writer may die between the far tier's acknowledgement and its notice, and any notice may be lost,
 * late, told twice or out of order; so hearing none is no reason to trust a copy for longer, and {@code maxStaleness} holds
 * whatever becomes of the bus.
 *
 * <p>Thread-safe.
 */
public interface InvalidationBus {

    /**
     * Tells and hears of the changes of one cache from now on. Does not block, and needs no server to be reachable.
     *
     * @param cacheName a name of {@code [A-Za-z0-9._-]+}; caches of that name on all nodes hear each other
     * @throws IllegalStateException if this bus is closed
     */
    Member join(String cacheName, Listener listener);

    /** A bus between the caches of this process, such as two that share a far tier. */
    static InvalidationBus inProcess() {
        return new InProcessBus();
    }

    /** One cache on one node. */
    interface Member extends AutoCloseable {

        /**
         * Tells the other members. Neither blocks nor throws.
         *
         * @return fails where the notice is known not to have been sent
         */
        CompletionStage<Void> tell(Notice notice);

        /** Hears and tells nothing more. Idempotent; does not block. */
        @Override
        void close();
    }

    /** Who hears of changes. Nothing here blocks or throws. */
    interface Listener {

        /** Another member has changed something. */
        void heard(Notice notice);

        /** Notices may have been lost until now: anything may have changed. Told too when notices arrive for the first time. */
        void interrupted();
    }

    /**
     * What was changed.
     *
     * @param keys keys of the {@link FarStore} whose record was written or invalidated
     * @param markers names of markers that were raised: tags, or {@link FarStore.MarkerReading#ALL}
     */
    record Notice(List<String> keys, List<String> markers) {

        /** The most names that a notice should have, so that none is large. */
        public static final int MOST_NAMES = 500;

        public Notice {
            keys = List.copyOf(keys);
            markers = List.copyOf(markers);
        }

        /** Notices of these changes that are no larger than they should be. */
        public static List<Notice> of(List<String> keys, List<String> markers) {
            List<Notice> all = new ArrayList<>();
            for (int from = 0; from < keys.size(); from += MOST_NAMES) {
                all.add(new Notice(keys.subList(from, Math.min(from + MOST_NAMES, keys.size())), List.of()));
            }
            for (int from = 0; from < markers.size(); from += MOST_NAMES) {
                all.add(new Notice(List.of(), markers.subList(from, Math.min(from + MOST_NAMES, markers.size()))));
            }
            return all;
        }
    }
}
