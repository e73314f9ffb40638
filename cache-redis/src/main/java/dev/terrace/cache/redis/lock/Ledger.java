package dev.terrace.cache.redis.lock;

import dev.terrace.cache.redis.Answer;
import dev.terrace.cache.redis.RedisScript;
import dev.terrace.cache.redis.SharedRedis;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;

/** Who holds one lock and who waits for it, as Redis knows it. */
final class Ledger {

    private static final RedisScript ACQUIRE = RedisScript.resource(Ledger.class, "prelude.lua", "acquire.lua");
    private static final RedisScript RELEASE = RedisScript.resource(Ledger.class, "prelude.lua", "release.lua");
    private static final RedisScript RENEW = RedisScript.resource(Ledger.class, "prelude.lua", "renew.lua");
    private static final RedisScript HELD = RedisScript.resource(Ledger.class, "held.lua");

    private final SharedRedis redis;
    private final String kind;
    private final String name;
    private final LockOptions options;
    private final List<String> keys;

    Ledger(SharedRedis redis, String kind, String name, LockOptions options) {
        if (name.isEmpty()) {
            throw new IllegalArgumentException("the name is empty");
        }
        if (name.indexOf('{') >= 0 || name.indexOf('}') >= 0) {
            throw new IllegalArgumentException("the name has braces, which decide where a cluster keeps it");
        }
        this.redis = redis;
        this.kind = kind;
        this.name = name;
        this.options = options;
        String holders = redis.key(kind + ":{" + name + "}");
        this.keys = List.of(holders, holders + ":fence", holders + ":queue", holders + ":alive");
    }

    LockOptions options() {
        return options;
    }

    SharedRedis redis() {
        return redis;
    }

    /** What Redis says to one who asks for a grant. */
    sealed interface Verdict {

        record Granted(long fencingNumber) implements Verdict {}

        /** @param millis after which it is worth another try */
        record Refused(long millis) implements Verdict {}
    }

    /** @param waiter its address, or empty where it does not wait */
    CompletionStage<Verdict> acquire(String token, Share share, String waiter) {
        return redis.run(
                        kind,
                        "acquire",
                        ACQUIRE,
                        keys,
                        bytes(token),
                        bytes(share.mode()),
                        lease(),
                        bytes(Integer.toString(share.units())),
                        bytes(Integer.toString(share.capacity())),
                        bytes(options.isFair() ? "1" : "0"),
                        bytes(waiter))
                .thenApply(reply -> {
                    long number = Long.parseLong(new String((byte[]) reply.get(1), StandardCharsets.US_ASCII));
                    return isOne(reply) ? new Verdict.Granted(number) : new Verdict.Refused(number);
                });
    }

    /** @return whether it was held until now */
    CompletionStage<Boolean> release(String token, Share share, String waiter) {
        return redis.run(
                        kind,
                        "release",
                        RELEASE,
                        keys,
                        bytes(token),
                        bytes(share.mode()),
                        lease(),
                        bytes(Integer.toString(share.units())),
                        bytes(waiter))
                .thenApply(Ledger::isOne);
    }

    /** @return whether it was held until now, and so goes on */
    CompletionStage<Boolean> renew(String token, Share share) {
        return redis.run(
                        kind,
                        "renew",
                        RENEW,
                        keys,
                        bytes(token),
                        bytes(share.mode()),
                        lease(),
                        bytes(Integer.toString(share.units())))
                .thenApply(Ledger::isOne);
    }

    /** How many units are held. */
    Answer<Integer> held() {
        return Answer.of(redis.run(kind, "held", HELD, keys.subList(0, 1))
                .thenApply(reply -> Math.toIntExact((Long) reply.get(0))));
    }

    /** Reports a failure that no caller is told of. */
    void report(Throwable failure) {
        redis.report(kind, failure);
    }

    /** Does something later. Where the client's timer was shut down, that is never. */
    Future<?> after(Duration pause, Runnable task) {
        try {
            return redis.timer().schedule(task, Math.max(0, pause.toNanos()), TimeUnit.NANOSECONDS);
        } catch (RejectedExecutionException e) {
            return Answer.now(false);
        }
    }

    private byte[] lease() {
        return bytes(Long.toString(options.lease().toMillis()));
    }

    private static boolean isOne(List<Object> reply) {
        return Long.valueOf(1).equals(reply.get(0));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    /** For messages. */
    @Override
    public String toString() {
        return kind + " \"" + name + "\"";
    }
}
