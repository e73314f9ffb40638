package dev.terrace.cache.redis;

import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.output.NestedMultiOutput;
import io.lettuce.core.output.StatusOutput;
import io.lettuce.core.protocol.CommandArgs;
import io.lettuce.core.protocol.CommandType;
import io.lettuce.core.pubsub.PubSubOutput;
import io.lettuce.core.pubsub.RedisPubSubAdapter;
import io.lettuce.core.pubsub.StatefulRedisPubSubConnection;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Change notices: the scripts that change something publish it on the channels of the caches, which are listened to here, over
 * the new protocol or the old one. The server puts a notice on this connection in the same turn in which it runs the script.
 */
final class ChangeNotices implements Telling {

    private final RedisSession session;
    private final boolean inCluster;
    private final Told told;
    /** The caches by their channels here. */
    private final Map<String, RedisKeys> caches = new ConcurrentHashMap<>();
    /** What this server is called in its cluster. */
    private volatile @Nullable String clusterName;
    /** Whether the server tells apart what it answers and what it tells. */
    private volatile boolean pushes;

    ChangeNotices(
            RedisSession session,
            StatefulRedisPubSubConnection<String, byte[]> connection,
            boolean inCluster,
            Told told) {
        this.session = session;
        this.inCluster = inCluster;
        this.told = told;
        connection.addListener(new RedisPubSubAdapter<>() {
            @Override
            public void message(String channel, byte[] message) {
                heard(channel, message);
            }
        });
    }

    @Override
    public CompletableFuture<?> greet() {
        return session.ask(
                        CommandType.HELLO,
                        new NestedMultiOutput<>(KeysAndBytes.CODEC),
                        RedisSession.args().add(3))
                .handle((greeting, refused) -> {
                    if (refused != null && !(refused instanceof RedisCommandExecutionException)) {
                        throw new CompletionException(refused);
                    }
                    pushes = refused == null;
                    return session;
                })
                .thenCompose(RedisSession::requireReadyPrimary)
                .thenCompose(ready -> inCluster ? askName() : CompletableFuture.completedFuture(null));
    }

    private CompletableFuture<?> askName() {
        return session.ask(
                        CommandType.CLUSTER,
                        new StatusOutput<>(KeysAndBytes.CODEC),
                        RedisSession.args().add("MYID"))
                .thenAccept(name -> clusterName = name);
    }

    private String channel(RedisKeys cache) {
        return cache.notices().channel(clusterName);
    }

    /** Each by itself, since to several the old protocol has several answers; and together, so that many take no longer. */
    @Override
    public CompletableFuture<?> begin(Collection<RedisKeys> wanted) {
        List<CompletableFuture<?>> begun = new ArrayList<>();
        for (RedisKeys cache : wanted) {
            caches.put(channel(cache), cache);
            begun.add(ask(CommandType.SUBSCRIBE, channel(cache))
                    .thenRun(() -> cache.notices().setAwaited(true)));
        }
        return CompletableFuture.allOf(begun.toArray(CompletableFuture[]::new));
    }

    @Override
    public CompletableFuture<?> end(RedisKeys cache) {
        return caches.remove(channel(cache), cache)
                ? ask(CommandType.UNSUBSCRIBE, channel(cache))
                : CompletableFuture.completedFuture(null);
    }

    private CompletableFuture<?> ask(CommandType type, String channel) {
        CommandArgs<String, byte[]> args = RedisSession.args().addKey(channel);
        return session.ask(type, new PubSubOutput<>(KeysAndBytes.CODEC), args);
    }

    /**
     * Over the old protocol the driver hands on the messages that came together with an answer after the answer. Those are
     * handed on by the time at which the answer to a question comes that was asked on that answer.
     */
    @Override
    public CompletableFuture<?> confirm() {
        return pushes ? ping() : ping().thenCompose(first -> ping());
    }

    private CompletableFuture<String> ping() {
        return session.ask(CommandType.PING, new StatusOutput<>(KeysAndBytes.CODEC), RedisSession.args());
    }

    private void heard(String channel, byte[] message) {
        RedisKeys cache = caches.get(channel);
        if (cache == null || message.length == 0) {
            return;
        }
        try {
            Notices.Notice notice = cache.notices().parse(message);
            if (notice == null) {
                told.changedAll();
            } else {
                notice.keys().forEach(notice.isOwn() ? told::changedHere : told::changed);
            }
        } catch (RuntimeException e) {
            told.unclear(e);
        }
    }

    @Override
    public String toString() {
        return RedisCoherence.NOTICES.telling();
    }
}
