package dev.terrace.cache.spi;

/**
 * How a {@link FarStore} tells what changes in it without being asked, so that near copies may be trusted for as long as the
 * telling is known to work. A store that cannot tell has none.
 *
 * <p>The feed speaks for one or more sources: the servers that tell, each of the keys that it holds, numbered from 0 (one
 * server is source 0 for good). What it promises for each, and what the bound on staleness rests on:
 *
 * <ul>
 *   <li>Between {@link Listener#armed} and {@link Listener#lost} or the next {@link Listener#armed}, every change of a record
 *       or marker that the source has made is told, in no particular order and perhaps more than once, whoever made it; or
 *       {@link Listener#changedAll} is. A feed that hears only of what caches change says so in its {@link Object#toString};
 *       fills need not be told then, as what they replace was over, nor the end of a life, which a copy knows itself.
 *   <li>{@link Listener#confirmed} comes after every change was told that the source had made when the question was sent
 *       whose time it names. A feed has one question under way at a time, and asks the next one a fifth of
 *       {@link Listener#maxStaleness()} after it asked the last, or sooner.
 * </ul>
 *
 * <p>Implementations are thread-safe. The listener is called by one thread at a time for each source.
 */
public interface ChangeFeed {

    /** Begins to tell. Called once; does not block, and needs no server to be reachable. It ends with the store. */
    void start(Listener listener);

    /** Which source tells of a key now. Asked before each read of the key; cheap. */
    default int sourceOf(String key) {
        return 0;
    }

    /**
     * Whether what it tells is all there is to tell, for as long as it is armed. One that may miss changes unnoticed is never
     * armed nor confirmed: it makes copies be compared sooner, and gives no trust. Such a one says {@link Listener#changedAll}
     * when it may have missed some.
     */
    default boolean isComplete() {
        return true;
    }

    /** Which source tells of the cache's markers now. */
    default int sourceOfMarkers() {
        return 0;
    }

    /** Whom a feed tells. Nothing here blocks or throws. */
    interface Listener {

        /** Local monotonic time in nanoseconds from anywhere: to be noted just before a question is sent. */
        long nanos();

        /** For how long an answered question is worth trust, in nanoseconds. */
        long maxStaleness();

        /**
         * From now on a source tells of every change. What it told before, and what was read until now, counts no more.
         *
         * @param askedAt when the source was asked to tell
         */
        void armed(int source, long askedAt);

        /**
         * The source has answered: all changes that it had made were told.
         *
         * @param askedAt when it was asked
         */
        void confirmed(int source, long askedAt);

        /** The record under a key was written, removed, or is over. */
        void changed(int source, String key);

        /**
         * The same where it is certain that the change is one by this node, made through this store, and no other: a copy of
         * what was written need not be compared.
         */
        default void changedHere(int source, String key) {
            changed(source, key);
        }

        /** A marker was raised, created or lost: a tag's, or {@link FarStore.MarkerReading#ALL}. */
        void markerChanged(int source, String name);

        /** Everything may have changed. The source goes on telling. */
        void changedAll(int source);

        /** The source may not tell of changes any more. */
        void lost(int source);
    }
}
