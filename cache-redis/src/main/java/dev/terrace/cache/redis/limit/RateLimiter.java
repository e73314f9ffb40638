package dev.terrace.cache.redis.limit;

import dev.terrace.cache.Loader;
import dev.terrace.cache.redis.Answer;
import dev.terrace.cache.redis.RedisCallException;
import dev.terrace.cache.redis.RedisScript;
import dev.terrace.cache.redis.SharedRedis;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Limits how often something is done for a key by all processes together. One script on the server for each call, by the
 * server's clock; what is refused is not counted. While a limit is known to be spent, it is refused here without asking Redis,
 * for five seconds at most before it is asked again: what is deleted or lost there is so long unknown here. Thread-safe.
 *
 * <pre>{@code
 * RateLimiter logins = RateLimiter.on(redis, "logins", Limit.of(5, Duration.ofMinutes(1)).by(Algorithm.SLIDING_LOG));
 * Decision decision = logins.tryAcquire(user).await();
 * }</pre>
 *
 * <p>Where Redis cannot be asked, calls fail with {@link RedisCallException}; whether that means yes or no is for the caller to
 * say. A failover may forget the last grants. Where the server's clock is set back, a limit may be spent for one period more.
 */
public final class RateLimiter {

    private static final Map<Algorithm, RedisScript> SCRIPTS = scripts();

    private final SharedRedis redis;
    private final String name;
    private final Limit limit;
    private final @Nullable SpentLimits spent;

    private RateLimiter(SharedRedis redis, String name, Limit limit, @Nullable SpentLimits spent) {
        if (name.isEmpty() || name.indexOf('{') >= 0 || name.indexOf('}') >= 0) {
            throw new IllegalArgumentException(
                    "the name is empty or has braces, which decide where a cluster keeps it");
        }
        this.redis = redis;
        this.name = name;
        this.limit = limit;
        this.spent = spent;
        redis.key(name);
    }

    private static Map<Algorithm, RedisScript> scripts() {
        Map<Algorithm, RedisScript> scripts = new EnumMap<>(Algorithm.class);
        for (Algorithm algorithm : Algorithm.values()) {
            scripts.put(algorithm, RedisScript.resource(RateLimiter.class, "prelude.lua", algorithm.script()));
        }
        return scripts;
    }

    /**
     * The limiter of this name. All processes should give it the same limit.
     *
     * @param name of printable ASCII without spaces and braces
     */
    public static RateLimiter on(SharedRedis redis, String name, Limit limit) {
        return new RateLimiter(redis, name, limit, new SpentLimits(System::nanoTime));
    }

    /** One that always asks Redis. */
    static RateLimiter withoutMemory(SharedRedis redis, String name, Limit limit) {
        return new RateLimiter(redis, name, limit, null);
    }

    /** Asks for one permit. */
    public Answer<Decision> tryAcquire(String key) {
        return tryAcquire(key, 1);
    }

    /**
     * Asks for permits, of which all are granted or none.
     *
     * @param key whom the limit is for: of printable ASCII without spaces and braces
     * @param permits 1 to what can be granted at once: the limit, or the burst
     */
    public Answer<Decision> tryAcquire(String key, int permits) {
        requirePermits(permits);
        String under = under(key);
        Duration left = spent == null ? null : spent.left(under, permits);
        return left == null ? asked(under, permits) : Answer.now(new Decision(false, 0, left));
    }

    /**
     * Asks for permits, and waits. Who waits stands in no queue. Cancelling the answer ends the wait; permits that were just
     * granted stay spent. Closing the connection ends it with {@code IllegalStateException}.
     *
     * @param maxWait zero or more
     * @return fails at once with {@link RateLimitedException} where the permits are not to be had in that time
     */
    public Answer<Decision> acquire(String key, int permits, Duration maxWait) {
        if (maxWait.isNegative()) {
            throw new IllegalArgumentException("maxWait " + maxWait + " is negative");
        }
        Answer<Decision> answer = new Answer<>();
        attempt(answer, key, permits, maxWait, System.nanoTime());
        return answer.isDone() ? answer : redis.bounded(answer, maxWait);
    }

    private void attempt(Answer<Decision> answer, String key, int permits, Duration maxWait, long start) {
        tryAcquire(key, permits).whenComplete((decision, failure) -> {
            if (failure != null) {
                answer.completeExceptionally(
                        failure instanceof CompletionException && failure.getCause() != null
                                ? failure.getCause()
                                : failure);
            } else if (decision.allowed()) {
                answer.complete(decision);
            } else if (decision.retryAfter().compareTo(maxWait.minusNanos(System.nanoTime() - start)) > 0) {
                answer.completeExceptionally(new RateLimitedException(toString(), decision.retryAfter()));
            } else if (!answer.isDone()) {
                try {
                    redis.requireOpen();
                    Future<?> timer = redis.timer()
                            .schedule(
                                    () -> again(answer, key, permits, maxWait, start),
                                    decision.retryAfter().toNanos(),
                                    TimeUnit.NANOSECONDS);
                    answer.whenComplete((given, over) -> timer.cancel(false));
                } catch (RejectedExecutionException | IllegalStateException e) {
                    answer.completeExceptionally(new IllegalStateException(redis + " is closed", e));
                }
            }
        });
    }

    private void again(Answer<Decision> answer, String key, int permits, Duration maxWait, long start) {
        if (!answer.isDone()) {
            attempt(answer, key, permits, maxWait, start);
        }
    }

    /**
     * A loader that takes one permit before each load, so that a source is asked no more often than the limit says, by all
     * processes together. Where Redis cannot be asked, it loads.
     *
     * @param key whom the limit is for, such as the name of the source
     * @param maxWait how long a load waits for its permit before it fails with {@link RateLimitedException}; blocks the loading
     *     thread
     */
    public <K, V extends @Nullable Object> Loader<K, V> throttling(String key, Duration maxWait, Loader<K, V> loader) {
        return wanted -> {
            try {
                acquire(key, 1, maxWait).await();
            } catch (RedisCallException e) {
                if (e.reason() == RedisCallException.Reason.INTERRUPTED) {
                    throw e;
                }
                redis.report("limiter", e);
            }
            return loader.load(wanted);
        };
    }

    /** How often it was refused here, without asking Redis. */
    public long localRefusals() {
        return spent == null ? 0 : spent.refusals();
    }

    private Answer<Decision> asked(String under, int permits) {
        long askedAt = System.nanoTime();
        return Answer.of(reply(under, permits).thenApply(reply -> {
            Duration retryAfter = Duration.ofNanos(TimeUnit.MICROSECONDS.toNanos(number(reply.get(2))));
            boolean allowed = Long.valueOf(1).equals(reply.get(0));
            if (!allowed && spent != null) {
                spent.refused(under, permits, retryAfter, askedAt);
            }
            return new Decision(allowed, number(reply.get(1)), allowed ? Duration.ZERO : retryAfter);
        }));
    }

    /** What the script answers. */
    Answer<List<Object>> reply(String under, int permits) {
        return redis.run(
                "limiter",
                "acquire",
                Objects.requireNonNull(SCRIPTS.get(limit.algorithm())),
                List.of(under),
                bytes(permits),
                bytes(limit.permits()),
                bytes(TimeUnit.NANOSECONDS.toMicros(limit.period().toNanos())),
                bytes(limit.burst()));
    }

    String under(String key) {
        if (key.isEmpty() || key.indexOf('{') >= 0 || key.indexOf('}') >= 0) {
            throw new IllegalArgumentException("the key is empty or has braces");
        }
        return redis.key("limit:{" + name + ":" + key + "}");
    }

    private void requirePermits(int permits) {
        if (permits < 1 || permits > limit.most()) {
            throw new IllegalArgumentException("permits " + permits + " are not between 1 and " + limit.most());
        }
    }

    private static byte[] bytes(long number) {
        return Long.toString(number).getBytes(StandardCharsets.US_ASCII);
    }

    static long number(Object digits) {
        return Long.parseLong(new String((byte[]) digits, StandardCharsets.US_ASCII));
    }

    @Override
    public String toString() {
        return "limiter \"" + name + "\" of " + limit;
    }
}
