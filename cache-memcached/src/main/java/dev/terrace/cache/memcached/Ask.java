package dev.terrace.cache.memcached;

/** One request to a server, in no protocol yet. Keys are printable ASCII, at most 250 characters. */
sealed interface Ask {

    /** The CAS id of a store or deletion that does not depend on what is there. */
    long ANY = 0;

    /** The CAS id of a store that needs nothing to be there. */
    long NOTHING = -1;

    /**
     * Reads an item.
     *
     * @param value whether its bytes are wanted
     * @param life whether its remaining time to live is wanted, where the protocol tells it
     * @param stubSeconds where there is nothing, leaves an empty item for that long; 0 for none
     */
    record Get(String key, boolean value, boolean life, int stubSeconds) implements Ask {}

    /**
     * Stores an item.
     *
     * @param ttl as the server takes it
     * @param cas the CAS id that the item must still have, {@link #ANY} or {@link #NOTHING}
     */
    record Store(String key, byte[] bytes, int flags, int ttl, long cas) implements Ask {}

    /** Deletes an item with a CAS id, or {@link #ANY}. */
    record Delete(String key, long cas) implements Ask {}

    /** Gives an item a new time to live. */
    record Touch(String key, int ttl) implements Ask {}

    /** Asks the server about itself. */
    record Stats(String what) implements Ask {}

    /** Asks for nothing, in the way that only a server with the meta protocol understands. */
    record Probe() implements Ask {}

    /** Says who asks. */
    record Authenticate(String user, String password) implements Ask {
        @Override
        public String toString() {
            return "Authenticate[" + user + "]";
        }
    }
}
