package dev.terrace.cache.metrics;

import io.micrometer.core.instrument.Meter;
import org.jspecify.annotations.Nullable;

/** Every meter, in one place; {@code docs/metrics.md} is generated from here. */
enum CacheMeter {
    SIZE("cache.size", Meter.Type.GAUGE, null, "Entries in the tier now, an estimate.", "cache", "tier"),
    WEIGHT(
            "cache.weight",
            Meter.Type.GAUGE,
            null,
            "What the near tier's entries weigh now, by the cache's own weigher; only where it has one.",
            "cache",
            "tier"),
    GETS(
            "cache.gets",
            Meter.Type.COUNTER,
            null,
            "Keys that the tier was asked for, by `result`: `hit`, `miss`. The far tier is asked for what the near tier misses.",
            "cache",
            "tier",
            "result"),
    PUTS("cache.puts", Meter.Type.COUNTER, null, "Values stored in the tier, loaded or put.", "cache", "tier"),
    PUTS_REFUSED(
            "cache.puts.refused",
            Meter.Type.COUNTER,
            null,
            "Values not stored in the tier because their key changed while they were loaded or read.",
            "cache",
            "tier"),
    EVICTIONS(
            "cache.evictions",
            Meter.Type.COUNTER,
            null,
            "Entries that the near tier gave up, for want of room or at the end of their life.",
            "cache",
            "tier"),
    EXPIRATIONS(
            "cache.expirations",
            Meter.Type.COUNTER,
            null,
            "Of those, the ones at the end of their life.",
            "cache",
            "tier"),
    REMOVALS("cache.removals", Meter.Type.COUNTER, null, "Keys, tags and clears that were invalidated here.", "cache"),
    LOAD_DURATION(
            "cache.load.duration",
            Meter.Type.TIMER,
            null,
            "Calls of the loader, by `result`: `success`, `failure`. A bulk load counts once.",
            "cache",
            "result"),
    LOADS_RUNNING("cache.loads.running", Meter.Type.GAUGE, null, "Loads running now.", "cache"),
    COALESCED(
            "cache.coalesced", Meter.Type.COUNTER, null, "Callers that waited for a load started by another.", "cache"),
    STALE_SERVES(
            "cache.stale.serves",
            Meter.Type.COUNTER,
            null,
            "Values served that may not be the newest, by `reason`: `revalidating`, `load_failed`, `load_slow`, `load_rejected`,"
                    + " or `cut_off` where the far tier could not be reached.",
            "cache",
            "reason"),
    VALIDATIONS(
            "cache.validations",
            Meter.Type.COUNTER,
            null,
            "Near copies compared with the far tier after their trust had ended.",
            "cache"),
    ENTRY_AGE(
            "cache.entry.age",
            Meter.Type.TIMER,
            null,
            "Age of values when they are served by the tier; of a sample of hits, a hundred a second at most.",
            "cache",
            "tier"),
    LEASES(
            "cache.leases",
            Meter.Type.COUNTER,
            null,
            "Requests for the right to load a key, by `result`: `granted`, `busy` where another node had it.",
            "cache",
            "result"),
    FAR_DURATION(
            "cache.far.duration",
            Meter.Type.TIMER,
            null,
            "Calls of the far tier, by `operation` and `result`: `success`, `failure`. Calls that an open breaker prevented are not"
                    + " counted.",
            "cache",
            "operation",
            "result"),
    FAR_BYTES(
            "cache.far.bytes",
            Meter.Type.COUNTER,
            "bytes",
            "Bytes of values as the codec makes them, by `direction`: `read`, `written`.",
            "cache",
            "direction"),
    COMPRESSION(
            "cache.compression.ratio",
            Meter.Type.GAUGE,
            null,
            "How many times smaller the codec has made values so far; 1 where it does not compress.",
            "cache"),
    FAILURES(
            "cache.failures",
            Meter.Type.COUNTER,
            null,
            "Failures that no caller was told of, by `kind`, such as `far_read`, `decode`, `encode`, `listener`. Those of"
                    + " `redis_call` are of what shares a far tier's connection; `cache` is then what it is, such as `lock`.",
            "cache",
            "kind"),
    BREAKER(
            "cache.breaker.state",
            Meter.Type.GAUGE,
            null,
            "1 for the `state` that the far tier's breaker is in: `closed`, `open`, `half_open`; 0 for the others.",
            "cache",
            "state"),
    TRUST_AGE(
            "cache.trust.age",
            Meter.Type.GAUGE,
            "seconds",
            "How long ago the far tier last answered anything.",
            "cache"),
    LINK(
            "cache.link.up",
            Meter.Type.GAUGE,
            null,
            "1 while the far tier tells this node of changes; 0 while near copies are compared instead.",
            "cache"),
    INVALIDATIONS(
            "cache.invalidations",
            Meter.Type.COUNTER,
            null,
            "Changes, by `direction`: `sent` to other nodes through the far tier, `received` from the far tier by whomever.",
            "cache",
            "direction"),
    RECOVERY_QUEUED(
            "cache.recovery.queued",
            Meter.Type.GAUGE,
            null,
            "Changes that the far tier did not acknowledge and that wait to be repaired there.",
            "cache"),
    RECOVERY_AGE("cache.recovery.age", Meter.Type.GAUGE, "seconds", "How long the oldest of them has waited.", "cache"),
    WRITE_BEHIND_PENDING(
            "cache.write.behind.pending",
            Meter.Type.GAUGE,
            null,
            "Keys whose last put or remove is not in the store yet; as of when a batch last began or ended.",
            "cache"),
    WRITE_BEHIND_AGE(
            "cache.write.behind.age", Meter.Type.GAUGE, "seconds", "How long the oldest of them has waited.", "cache"),
    WRITE_BEHIND_DURATION(
            "cache.write.behind.duration",
            Meter.Type.TIMER,
            null,
            "Batches written to the store, by `result`: `success`, `failure` where the batch is tried again.",
            "cache",
            "result"),
    WRITE_BEHIND_LAG(
            "cache.write.behind.lag",
            Meter.Type.TIMER,
            null,
            "From the oldest put or remove of a batch to when the store had it.",
            "cache"),
    WRITE_BEHIND_DEAD_LETTERS(
            "cache.write.behind.dead.letters",
            Meter.Type.COUNTER,
            null,
            "Puts and removes that were given up.",
            "cache"),
    COMMANDS(
            "cache.commands",
            Meter.Type.TIMER,
            null,
            "Calls of what shares a far tier's connection, such as locks, by `kind`, `operation` and `result`.",
            "kind",
            "operation",
            "result"),
    SERVER_HITS(
            "cache.server.hits", Meter.Type.COUNTER, null, "Lookups that the server answered with a value.", "node"),
    SERVER_MISSES("cache.server.misses", Meter.Type.COUNTER, null, "Lookups that found nothing.", "node"),
    SERVER_EVICTIONS(
            "cache.server.evictions",
            Meter.Type.COUNTER,
            null,
            "Keys that the server gave up for want of room.",
            "node"),
    SERVER_EXPIRED(
            "cache.server.expired", Meter.Type.COUNTER, null, "Keys that reached the end of their life.", "node"),
    SERVER_KEYS("cache.server.keys", Meter.Type.GAUGE, null, "Keys now.", "node"),
    SERVER_MEMORY_USED("cache.server.memory.used", Meter.Type.GAUGE, "bytes", "Memory in use.", "node"),
    SERVER_MEMORY_MAX(
            "cache.server.memory.max",
            Meter.Type.GAUGE,
            "bytes",
            "Memory that may be used; NaN where it is not limited.",
            "node"),
    SERVER_CONNECTIONS("cache.server.connections", Meter.Type.GAUGE, null, "Connections of clients now.", "node"),
    SERVER_COMMANDS(
            "cache.server.commands", Meter.Type.COUNTER, null, "Commands that the server has processed.", "node"),
    SERVER_POLLS(
            "cache.server.polls",
            Meter.Type.COUNTER,
            null,
            "Times that a source's servers were asked for these, by `result`: `success`, `failure`.",
            "source",
            "result");

    private final String id;
    private final Meter.Type type;
    private final @Nullable String unit;
    private final String description;
    private final String tags;

    CacheMeter(String id, Meter.Type type, @Nullable String unit, String description, String... tags) {
        this.id = id;
        this.type = type;
        this.unit = unit;
        this.description = description;
        this.tags = String.join(", ", tags);
    }

    /** Its name in Micrometer's notation. */
    String id() {
        return id;
    }

    Meter.Type type() {
        return type;
    }

    @Nullable
    String unit() {
        return unit;
    }

    String description() {
        return description;
    }

    /** Their keys, separated by commas. */
    String tags() {
        return tags;
    }
}
