package dev.terrace.cache.redis;

import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.push.PushMessage;
import io.lettuce.core.output.NestedMultiOutput;
import io.lettuce.core.output.StatusOutput;
import io.lettuce.core.protocol.CommandArgs;
import io.lettuce.core.protocol.CommandType;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;

/** Broadcasting key tracking: the server tells of every change under the prefixes of the caches, whoever makes it. */
final class KeyTracking implements Telling {

    private static final String TRACKED = "invalidate";

    private final RedisSession session;
    private final Told told;
    private final Set<String> prefixes = ConcurrentHashMap.newKeySet();

    KeyTracking(RedisSession session, StatefulRedisConnection<String, byte[]> connection, Told told) {
        this.session = session;
        this.told = told;
        connection.addListener(this::pushed);
    }

    /** The driver may have agreed on an older protocol, under which the server accepts tracking and tells nothing. */
    @Override
    public CompletableFuture<?> greet() {
        return session.ask(
                        CommandType.HELLO,
                        new NestedMultiOutput<>(KeysAndBytes.CODEC),
                        RedisSession.args().add(3))
                .thenCompose(greeting -> session.requireReadyPrimary());
    }

    @Override
    public CompletableFuture<?> begin(Collection<RedisKeys> caches) {
        CommandArgs<String, byte[]> args =
                RedisSession.args().add("TRACKING").add("ON").add("BCAST");
        for (RedisKeys cache : caches) {
            if (!prefixes.add(cache.recordPrefix())) {
                // The server takes a prefix once.
                session.end("a cache was closed and opened again");
            }
            args.add("PREFIX").add(cache.recordPrefix());
            args.add("PREFIX").add(cache.markerPrefix());
            cache.notices().setAwaited(false);
        }
        return session.ask(CommandType.CLIENT, new StatusOutput<>(KeysAndBytes.CODEC), args);
    }

    /** A server goes on telling until the connection ends. */
    @Override
    public CompletableFuture<?> end(RedisKeys cache) {
        return CompletableFuture.completedFuture(null);
    }

    @Override
    public CompletableFuture<?> confirm() {
        return session.ask(CommandType.PING, new StatusOutput<>(KeysAndBytes.CODEC), RedisSession.args());
    }

    private void pushed(PushMessage message) {
        if (!TRACKED.equals(message.getType())) {
            return;
        }
        try {
            Object changed = message.getContent().get(1);
            if (changed instanceof List<?> changedKeys) {
                for (Object key : changedKeys) {
                    told.changed(StandardCharsets.ISO_8859_1
                            .decode(((ByteBuffer) key).duplicate())
                            .toString());
                }
            } else {
                told.changedAll();
            }
        } catch (RuntimeException e) {
            told.unclear(e);
        }
    }

    @Override
    public String toString() {
        return RedisCoherence.TRACKING.telling();
    }
}
