package dev.terrace.cache.redis;

import io.lettuce.core.output.ArrayOutput;
import io.lettuce.core.protocol.CommandType;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks once whether a user may tell others what it changes, and says what its access list lacks: a write that nobody may be
 * told of while nodes listen is refused, and that would be noticed late. A server that does not say is left alone.
 */
final class NoticeCheck {

    private static final Logger LOG = LoggerFactory.getLogger("dev.terrace.cache.redis");

    /** Where in its answer. */
    private static final int NUMSUB = 0;

    private static final int PUBLISH = 1;
    private static final int MYID = 2;

    private static final RedisScript MAY_TELL = RedisScript.resource(NoticeCheck.class, "may-tell.lua");

    private NoticeCheck() {}

    /**
     * Asks until there is an answer, be it that the server does not say.
     *
     * @param isOver whether nobody wants to know any more
     * @return done once there is one
     */
    static CompletionStage<Void> begin(
            RedisConnection connection, Notices notices, boolean inCluster, BooleanSupplier isOver) {
        return connection
                .callUntilAnswered(session -> askIfItSays(session, notices), isOver)
                .thenAccept(allowed -> {
                    List<String> lacking = lacking(allowed, notices, inCluster);
                    if (!lacking.isEmpty()) {
                        LOG.warn(
                                "{} lets this user publish no change notices, so that its writes are refused {}: allow {}",
                                connection.server(),
                                isRefusedAlways(allowed, inCluster) ? "always" : "while nodes listen for notices",
                                String.join(" ", lacking));
                    }
                });
    }

    private static CompletionStage<List<Object>> askIfItSays(RedisSession session, Notices notices) {
        return ask(session, notices).exceptionallyCompose(refused -> {
            Throwable cause =
                    refused instanceof CompletionException && refused.getCause() != null ? refused.getCause() : refused;
            return RedisSession.isForGood(cause)
                    ? CompletableFuture.completedFuture(List.of())
                    : CompletableFuture.failedFuture(cause);
        });
    }

    static CompletionStage<List<Object>> ask(RedisSession session, Notices notices) {
        return session.ask(
                CommandType.EVAL,
                new ArrayOutput<>(KeysAndBytes.CODEC),
                RedisSession.args().add(MAY_TELL.text()).add(0).addKey(notices.channel(null)));
    }

    static boolean isRefusedAlways(List<?> allowed, boolean inCluster) {
        boolean mayTell = isAllowed(allowed, PUBLISH) || isAllowed(allowed, NUMSUB);
        return !mayTell || (inCluster && !isAllowed(allowed, MYID));
    }

    /** What is to be added to the access list. */
    static List<String> lacking(List<?> allowed, Notices notices, boolean inCluster) {
        List<String> lacking = new ArrayList<>();
        if (!isAllowed(allowed, PUBLISH)) {
            lacking.add("+publish &" + notices + "*");
            if (!isAllowed(allowed, NUMSUB)) {
                lacking.add("+pubsub|numsub");
            }
        }
        if (inCluster && !isAllowed(allowed, MYID)) {
            lacking.add("+cluster|myid");
        }
        return lacking;
    }

    /** Where the server does not say, it is taken to allow it. */
    private static boolean isAllowed(List<?> allowed, int which) {
        return which >= allowed.size() || Long.valueOf(1).equals(allowed.get(which));
    }
}
