package dev.terrace.cache.memcached;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/**
 * Numbers that only rise: markers and the counter of one cache. Each is an item of text, {@code number end}, the end being when it is
 * over by the server's clock in seconds, 0 for never; each is changed by compare-and-set.
 */
final class Sequences {

    private static final int MOST_ATTEMPTS = 200;

    private final Nodes nodes;

    Sequences(Nodes nodes) {
        this.nodes = nodes;
    }

    /** @param end seconds by the server's clock, 0 for never */
    record Sequence(long value, long end) {}

    private record Stored(
            String name,
            Node node,
            Link link,
            long cas,
            @Nullable Sequence number) {}

    /** Those of the named that exist. */
    CompletableFuture<Map<String, Sequence>> read(Collection<String> names) {
        return readAll(List.copyOf(names)).thenApply(all -> {
            Map<String, Sequence> there = new HashMap<>();
            for (Stored one : all) {
                if (one.number() != null) {
                    there.put(one.name(), one.number());
                }
            }
            return there;
        });
    }

    private CompletableFuture<List<Stored>> readAll(List<String> names) {
        return nodes.onEach(
                names,
                name -> name,
                (node, part) ->
                        node.call(link -> link.ask(Records.mapped(part, name -> new Ask.Get(name, true, false, 0)))
                                .thenApply(replies -> {
                                    List<Stored> found = new ArrayList<>(replies.size());
                                    for (int i = 0; i < replies.size(); i++) {
                                        found.add(stored(part.get(i), node, link, replies.get(i)));
                                    }
                                    return found;
                                })),
                null);
    }

    private static Stored stored(String name, Node node, Link link, Reply reply) {
        Records.failIfRefused(reply);
        if (reply instanceof Reply.Item item && item.value() != null) {
            return new Stored(name, node, link, item.cas(), parsed(item.value()));
        }
        return new Stored(name, node, link, Ask.NOTHING, null);
    }

    private static @Nullable Sequence parsed(byte[] text) {
        String[] words = new String(text, StandardCharsets.US_ASCII).split(" ", -1);
        try {
            return words.length == 2 ? new Sequence(Long.parseLong(words[0]), Long.parseLong(words[1])) : null;
        } catch (NumberFormatException foreign) {
            return null;
        }
    }

    /** What a number becomes. */
    interface Rule extends BiFunction<Node, @Nullable Sequence, Sequence> {}

    /** Makes of each number what the rule says, and answers them as they are then. */
    CompletableFuture<Map<String, Sequence>> update(Collection<String> names, Rule rule) {
        return update(List.copyOf(names), rule, MOST_ATTEMPTS);
    }

    private CompletableFuture<Map<String, Sequence>> update(List<String> names, Rule rule, int attempts) {
        if (attempts == 0) {
            return CompletableFuture.failedFuture(new IllegalStateException("others change the same all the time"));
        }
        return readAll(names)
                .thenCompose(found -> nodes.onEach(found, Stored::name, (node, part) -> write(node, part, rule), null))
                .thenCompose(written -> {
                    Map<String, Sequence> done = new HashMap<>();
                    List<String> again = new ArrayList<>();
                    for (Written one : written) {
                        if (one.number() == null) {
                            again.add(one.name());
                        } else {
                            done.put(one.name(), one.number());
                        }
                    }
                    if (again.isEmpty()) {
                        return CompletableFuture.completedFuture(done);
                    }
                    return update(again, rule, attempts - 1).thenApply(rest -> {
                        done.putAll(rest);
                        return done;
                    });
                });
    }

    /** @param number null where somebody else was faster */
    private record Written(String name, @Nullable Sequence number) {}

    private static CompletableFuture<List<Written>> write(Node node, List<Stored> found, Rule rule) {
        List<Written> unchanged = new ArrayList<>();
        List<Written> wanted = new ArrayList<>();
        List<Ask> asks = new ArrayList<>();
        Link link = found.get(0).link();
        for (Stored one : found) {
            Sequence number = rule.apply(node, one.number());
            if (number.equals(one.number())) {
                unchanged.add(new Written(one.name(), number));
                continue;
            }
            byte[] text = (number.value() + " " + number.end()).getBytes(StandardCharsets.US_ASCII);
            wanted.add(new Written(one.name(), number));
            asks.add(new Ask.Store(one.name(), text, Flags.PLAIN, ttl(node, number), one.cas()));
        }
        if (asks.isEmpty()) {
            return CompletableFuture.completedFuture(unchanged);
        }
        return link.ask(asks).thenApply(replies -> {
            for (int i = 0; i < replies.size(); i++) {
                Records.failIfRefused(replies.get(i));
                Written one = wanted.get(i);
                unchanged.add(replies.get(i) instanceof Reply.Stored ? one : new Written(one.name(), null));
            }
            return unchanged;
        });
    }

    private static int ttl(Node node, Sequence number) {
        if (number.end() == 0) {
            return Ttl.FOREVER;
        }
        long micros = node.clock().micros();
        return Ttl.of(Duration.ofSeconds(number.end() - TimeUnit.MICROSECONDS.toSeconds(micros)), micros);
    }

    /** When a life that begins now is over, by the server's clock. */
    static long end(Node node, Duration life) {
        long seconds = life.toSeconds() + 1;
        long now = TimeUnit.MICROSECONDS.toSeconds(node.clock().micros());
        return seconds > Integer.MAX_VALUE ? 0 : now + seconds;
    }

    /** The later of two ends. */
    static long later(long one, long other) {
        return one == 0 || other == 0 ? 0 : Math.max(one, other);
    }
}
