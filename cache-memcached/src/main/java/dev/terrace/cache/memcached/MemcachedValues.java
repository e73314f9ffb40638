package dev.terrace.cache.memcached;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/**
 * Plain values in the servers of a far tier, beside its caches, for what clients in other languages read and write as well. They
 * are on the server where pymemcache or libmemcached looks for them, by the tier's placement.
 *
 * <p>Text is stored as UTF-8, a number as decimal digits, bytes as they are. The flags tell which in their upper half; the lower
 * half, in which other clients keep theirs, is zero, so that these read plain text or bytes.
 *
 * <p>There is no lease, no version and no near copy: the last writer wins. Thread-safe; nothing blocks. A stage fails when the
 * server cannot be reached, refuses, or does not answer within the budget.
 */
public final class MemcachedValues {

    private static final int LONGEST_KEY = 250;

    private final Nodes nodes;
    private final String prefix;
    private final Duration budget;

    MemcachedValues(Nodes nodes, String namespace, Duration budget) {
        this.nodes = nodes;
        this.prefix = namespace.isEmpty() ? "" : namespace + "/";
        this.budget = budget;
    }

    /**
     * Stores text for that long; at most two seconds longer.
     *
     * @param key of printable ASCII without spaces; 250 characters at most, with the tier's namespace and a slash before it
     * @throws IllegalArgumentException if the key is not, or the life is not positive
     */
    public CompletionStage<Void> put(String key, String text, Duration life) {
        return put(key, Flags.TEXT, text.getBytes(UTF_8), life);
    }

    /** Stores a number, as {@link #put(String, String, Duration)} does text. Other clients can increment it. */
    public CompletionStage<Void> put(String key, long number, Duration life) {
        return put(key, Flags.NUMBER, Long.toString(number).getBytes(US_ASCII), life);
    }

    /** Stores bytes, as {@link #put(String, String, Duration)} does text. */
    public CompletionStage<Void> put(String key, byte[] bytes, Duration life) {
        return put(key, Flags.BYTES, bytes.clone(), life);
    }

    private CompletionStage<Void> put(String key, int flags, byte[] bytes, Duration life) {
        if (life.isNegative() || life.isZero()) {
            throw new IllegalArgumentException("life " + life + " is not positive");
        }
        String name = name(key);
        Node node = nodes.of(name);
        return on(
                        node,
                        link -> {
                            int ttl = Ttl.of(life, node.clock().micros());
                            return new Ask.Store(name, bytes, flags, ttl, Ask.ANY);
                        },
                        reply -> stored(node, bytes.length, reply))
                .thenAccept(done -> {});
    }

    private static boolean stored(Node node, int size, Reply reply) {
        if (reply instanceof Reply.TooLarge) {
            throw new IllegalArgumentException("the value of " + size + " bytes is larger than " + node + " takes");
        }
        if (!(reply instanceof Reply.Stored)) {
            throw Records.refused(reply);
        }
        return true;
    }

    /** What is under a key, or nothing where nothing is or what is there belongs to a cache. */
    public CompletionStage<Optional<PlainValue>> get(String key) {
        String name = name(key);
        return on(nodes.of(name), link -> new Ask.Get(name, true, false, 0), reply -> {
            Records.failIfRefused(reply);
            return reply instanceof Reply.Item item && item.value() != null && !item.stub()
                    ? PlainValue.of(item.flags(), item.value())
                    : Optional.empty();
        });
    }

    /** Removes what is under a key; says whether something was. */
    public CompletionStage<Boolean> remove(String key) {
        String name = name(key);
        return on(nodes.of(name), link -> new Ask.Delete(name, Ask.ANY), reply -> {
            Records.failIfRefused(reply);
            return reply == Reply.DONE || reply instanceof Reply.Done;
        });
    }

    private <T> CompletionStage<T> on(Node node, Function<Link, Ask> ask, Function<Reply, T> answer) {
        CompletableFuture<T> bounded = node.call(
                        link -> link.ask(List.of(ask.apply(link))).thenApply(replies -> answer.apply(replies.get(0))))
                .orTimeout(budget.toNanos(), TimeUnit.NANOSECONDS);
        return bounded.minimalCompletionStage();
    }

    private String name(String key) {
        String name = prefix + key;
        boolean printable = key.chars().allMatch(c -> c >= '!' && c <= '~');
        if (key.isEmpty() || !printable || name.length() > LONGEST_KEY) {
            throw new IllegalArgumentException("the key is not 1 to " + (LONGEST_KEY - prefix.length())
                    + " characters of printable ASCII without spaces");
        }
        return name;
    }
}
