package dev.terrace.cache.redis;

import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisNoScriptException;
import io.lettuce.core.protocol.AsyncCommand;
import io.lettuce.core.protocol.CommandArgs;
import io.lettuce.core.protocol.CommandType;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;

/**
 * One call of a script for some keys, sent by the script's digest; a server that does not know it is sent its text, once.
 */
final class ScriptCall {

    private final Script script;
    private final int requests;
    private final List<String> keys = new ArrayList<>();
    private final List<byte[]> args = new ArrayList<>();
    private long bytes;

    /** @param requests how many replies it has where it comes late */
    ScriptCall(Script script, int requests) {
        this.script = script;
        this.requests = requests;
    }

    ScriptCall key(String key) {
        keys.add(key);
        return this;
    }

    ScriptCall arg(byte[] arg) {
        args.add(arg);
        bytes += arg.length;
        return this;
    }

    /** Makes calls together; the replies are all of theirs, in order. */
    static CompletionStage<List<Reply>> send(RedisSession session, List<ScriptCall> calls, Outlet outlet) {
        List<AsyncCommand<String, byte[], List<Reply>>> commands = new ArrayList<>(calls.size());
        long bytes = 0;
        for (ScriptCall call : calls) {
            commands.add(call.byDigest());
            bytes += call.bytes;
        }
        List<CompletableFuture<List<Reply>>> replies = new ArrayList<>(calls.size());
        for (int i = 0; i < calls.size(); i++) {
            ScriptCall call = calls.get(i);
            replies.add(commands.get(i).exceptionallyCompose(failure -> call.afterFailure(session, failure, true)));
        }
        outlet.send(session, commands, bytes);
        if (replies.size() == 1) {
            return replies.get(0);
        }
        return CompletableFuture.allOf(replies.toArray(CompletableFuture[]::new))
                .thenApply(done -> {
                    List<Reply> all = new ArrayList<>();
                    replies.forEach(reply -> all.addAll(reply.join()));
                    return all;
                });
    }

    private CompletionStage<List<Reply>> afterFailure(RedisSession session, Throwable failure, boolean mayTellScript) {
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        if (mayTellScript && cause instanceof RedisNoScriptException) {
            AsyncCommand<String, byte[], List<Reply>> again = byText();
            CompletableFuture<List<Reply>> reply =
                    again.exceptionallyCompose(next -> afterFailure(session, next, false));
            session.send(List.of(again), bytes);
            return reply;
        }
        if (cause instanceof RedisCommandExecutionException
                && String.valueOf(cause.getMessage()).startsWith(Script.LATE)) {
            return CompletableFuture.completedFuture(Collections.nCopies(requests, Reply.LATE));
        }
        return CompletableFuture.failedFuture(cause);
    }

    private AsyncCommand<String, byte[], List<Reply>> byDigest() {
        return command(CommandType.EVALSHA, script.digest());
    }

    private AsyncCommand<String, byte[], List<Reply>> byText() {
        return command(CommandType.EVAL, script.text());
    }

    private AsyncCommand<String, byte[], List<Reply>> command(CommandType type, String digestOrText) {
        CommandArgs<String, byte[]> all =
                RedisSession.args().add(digestOrText).add(keys.size()).addKeys(keys);
        args.forEach(all::add);
        return RedisSession.command(type, new Reply.Output(), all);
    }
}
