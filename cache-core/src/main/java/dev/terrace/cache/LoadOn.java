package dev.terrace.cache;

/** Which thread runs a load. */
public enum LoadOn {
    /**
     * A thread of the cache: virtual where the JVM has them (21 and later), else of a bounded pool. A caller can leave at its
     * deadline while the load goes on.
     */
    EXECUTOR,
    /**
     * The thread of the caller that started the load, for loaders that need its transaction or its locals. Other callers wait
     * for it with their own deadline; this one is interrupted at its own. Asynchronous and background loads have no such
     * thread and run on the executor.
     */
    CALLER
}
