package dev.terrace.cache;

import java.time.Duration;

/** Every default in one place; the table in {@code docs/defaults.md} is generated from here. */
final class Defaults {

    static final Duration STALE_FOR = Duration.ZERO;
    static final double JITTER = 0.05;
    static final Duration MAX_STALENESS = Duration.ofSeconds(1);
    static final Duration SERVE_WHILE_CUT_OFF = Duration.ofSeconds(30);
    static final Duration SOFT_DEADLINE = Duration.ZERO;
    static final Duration LOAD_DEADLINE = Duration.ofSeconds(10);
    static final Duration RETRY_AFTER = Duration.ofSeconds(1);
    /** The longest pause after failed loads. */
    static final Duration RETRY_AT_MOST = Duration.ofSeconds(30);

    static final int MAX_CONCURRENT_LOADS = 64;
    static final int MAX_WAITING_LOADS = 4_096;
    static final Duration FAR_BUDGET = Duration.ofMillis(100);
    static final int MAX_CONCURRENT_FAR_CALLS = 4_096;
    static final Duration LEASE_WAIT = Duration.ofSeconds(3);
    static final int MAX_VALUE_BYTES = 1 << 20;
    static final int RECOVERY_CAPACITY = 10_000;
    /** How long a close may take. */
    static final Duration CLOSE_DEADLINE = Duration.ofSeconds(2);
    /** Counters of changes; keys that share one may lose a near insert to each other. */
    static final int STRIPES = 4_096;
    /** How many tags' markers a node keeps. */
    static final int MARKER_CACHE = 10_000;
    /** Cells in which near copies are watched for changes that the far tier tells, where there are few copies. */
    static final int FEWEST_WATCHES = 1_024;
    /** The same where there are many; else there is one cell for each. */
    static final int MOST_WATCHES = 262_144;
    /** How many keys may be read or loaded at once. */
    static final int MAX_FLIGHTS = 65_536;
    /** How many keys of one bulk read are read at once; more are read in portions. */
    static final int KEYS_AT_ONCE = 16_384;
    /** How many callbacks of futures run at once where threads are not virtual. */
    static final int MOST_CALLBACK_THREADS = 256;
    /** How many near copies may wait to be compared with the far tier ahead of time. */
    static final int VALIDATIONS_WAITING = 4_096;
    /** How many of them are compared in one round trip. */
    static final int VALIDATIONS_AT_ONCE = 256;

    static final WhenFarFails WHEN_FAR_FAILS = WhenFarFails.DEGRADE;
    static final LoadOn LOAD_ON = LoadOn.EXECUTOR;
    static final boolean COMPLETE_ABANDONED_LOADS = true;
    static final EarlyRefresh EARLY_REFRESH = EarlyRefresh.none();

    private Defaults() {}
}
