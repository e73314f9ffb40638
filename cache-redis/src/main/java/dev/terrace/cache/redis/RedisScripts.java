package dev.terrace.cache.redis;

import io.lettuce.core.RedisNoScriptException;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.output.NestedMultiOutput;
import io.lettuce.core.protocol.AsyncCommand;
import io.lettuce.core.protocol.Command;
import io.lettuce.core.protocol.CommandArgs;
import io.lettuce.core.protocol.CommandType;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;

/** Runs scripts by their digest, many calls in one flush; a server that does not know a script is sent its text. */
final class RedisScripts {

    private final RedisConnection connection;

    RedisScripts(RedisConnection connection) {
        this.connection = connection;
    }

    /** The keys and arguments of one call. */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    record Call(String[] keys, byte[]... args) {}

    /** The replies, in the order of the calls. */
    CompletionStage<List<List<Object>>> run(Script script, List<Call> calls) {
        return connection.call(redis -> {
            List<AsyncCommand<String, byte[], List<Object>>> commands = new ArrayList<>(calls.size());
            for (Call call : calls) {
                commands.add(command(CommandType.EVALSHA, byDigest(script), call));
            }
            dispatch(redis, commands);
            List<CompletableFuture<List<Object>>> replies = new ArrayList<>(calls.size());
            for (int i = 0; i < commands.size(); i++) {
                Call call = calls.get(i);
                replies.add(commands.get(i).exceptionallyCompose(failure -> byText(redis, script, call, failure)));
            }
            return RedisFarStore.inOrder(replies);
        });
    }

    private static void dispatch(
            StatefulRedisConnection<String, byte[]> redis, List<AsyncCommand<String, byte[], List<Object>>> commands) {
        if (commands.size() == 1) {
            redis.dispatch(commands.get(0));
        } else {
            redis.dispatch(commands);
        }
    }

    private static CompletionStage<List<Object>> byText(
            StatefulRedisConnection<String, byte[]> redis, Script script, Call call, Throwable failure) {
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        if (!(cause instanceof RedisNoScriptException)) {
            return CompletableFuture.failedFuture(cause);
        }
        AsyncCommand<String, byte[], List<Object>> command =
                command(CommandType.EVAL, new CommandArgs<>(RedisConnection.CODEC).add(script.text()), call);
        redis.dispatch(command);
        return command;
    }

    private static CommandArgs<String, byte[]> byDigest(Script script) {
        return new CommandArgs<>(RedisConnection.CODEC).add(script.digest());
    }

    private static AsyncCommand<String, byte[], List<Object>> command(
            CommandType type, CommandArgs<String, byte[]> args, Call call) {
        args.add(call.keys().length).addKeys(call.keys());
        for (byte[] arg : call.args()) {
            args.add(arg);
        }
        return new AsyncCommand<>(new Command<>(type, new NestedMultiOutput<>(RedisConnection.CODEC), args));
    }
}
