package dev.terrace.cache;

/** Decides how long each message between a node and the far tier travels. */
interface SimulatedNetwork {

    /** The message never arrives, and nobody is told. */
    long LOST = -1;

    /** The message never arrives, and its sender is told. */
    long CUT = -2;

    /** How long a request travels in nanoseconds, or {@link #LOST} or {@link #CUT}. */
    long request(int node, FarOperation operation);

    /**
     * How long a request travels whose sender is told at once that it is lost, as who closes a connection is of what he has
     * written; {@link #LOST} where it is not so.
     */
    long straggler(int node, FarOperation operation);

    /** How long its reply travels, which the sender may be told is lost though the request was not. */
    long reply(int node, FarOperation operation);

    /** How long a message on the link travels; where it does not arrive, none arrives after it in this direction. */
    long link(int node, boolean toNode);

    /** How long the server takes between two keys of one request, when others may come in between; zero for not at all. */
    long betweenKeys(int node, FarOperation operation);
}
