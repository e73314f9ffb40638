package dev.terrace.cache.testkit;

/** What a server runs in: a process of this machine, or a container. */
interface ServerHost {

    /** The process id by which the server knows itself to be the one that was asked for, or -1 where it has none here. */
    long pid();

    boolean isAlive();

    /** Stops the server in its tracks; its sockets stay open and take bytes. */
    void freeze();

    void thaw();

    /** Ends it as {@code kill -9} does, and waits until it is gone. */
    void kill();

    /** What the server said, to be shown where it did not start. */
    String output();
}
