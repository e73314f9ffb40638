package dev.terrace.cache;

/**
 * What an operator can turn off in a running cache. Each takes effect for operations that start afterwards; none loses a
 * change. Thread-safe.
 */
public interface Switches {

    /** Turns the near tier off (reads ask the far tier or the loader) or on again; it starts empty. */
    void near(boolean on);

    /**
     * Turns the far tier off or on again. While it is off, reads go to the loader, and invalidations and puts are queued as
     * repairs, as if the server were down: other nodes do not see them until it is on.
     */
    void far(boolean on);

    /**
     * With true, stores nothing new in the far tier: loaded values are not written there, and puts become invalidations.
     * Invalidations go through.
     */
    void readOnly(boolean readOnly);

    /** Whether the near tier is on. */
    boolean isNearOn();

    /** Whether the far tier is on. */
    boolean isFarOn();

    /** Whether nothing new is stored in the far tier. */
    boolean isReadOnly();
}
