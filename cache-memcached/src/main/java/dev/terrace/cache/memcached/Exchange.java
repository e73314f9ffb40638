package dev.terrace.cache.memcached;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import net.rubyeye.xmemcached.command.Command;
import net.rubyeye.xmemcached.command.CommandType;
import net.rubyeye.xmemcached.impl.MemcachedTCPSession;

/**
 * Requests that go to one server together, and their replies: a command of the driver below its blocking interface, which
 * completes a future instead of a latch.
 */
final class Exchange<T> extends Command {

    private static final byte[] SENT = {};

    private final CompletableFuture<List<T>> replies = new CompletableFuture<>();
    private final Dialect.Replies<T> reader;
    private final Runnable onAnswer;
    private final int requests;
    private final int size;
    private final long sentAt = System.nanoTime();
    private byte[] unsent;
    private int sent;
    private volatile boolean answered;

    /** @param onAnswer done before the future of the replies is completed */
    Exchange(Dialect.Question<T> question, Runnable onAnswer) {
        // A type that the driver does not merge with others.
        super(CommandType.VERSION);
        this.unsent = question.bytes();
        this.requests = question.requests();
        this.size = unsent.length;
        this.reader = question.replies();
        this.onAnswer = onAnswer;
    }

    /** Completed on the driver's thread. */
    CompletableFuture<List<T>> replies() {
        return replies;
    }

    int requests() {
        return requests;
    }

    int size() {
        return size;
    }

    long sentAt() {
        return sentAt;
    }

    boolean isAnswered() {
        return answered;
    }

    void fail(Throwable reason) {
        answered = true;
        onAnswer.run();
        replies.completeExceptionally(reason);
    }

    /** It is encoded from the beginning on. */
    @Override
    public void encode() {}

    @Override
    public boolean decode(MemcachedTCPSession session, ByteBuffer buffer) {
        if (!reader.read(buffer)) {
            return false;
        }
        if (session instanceof Driver.OrderlySession asked) {
            asked.answering();
        }
        answered = true;
        onAnswer.run();
        List<T> all;
        try {
            all = reader.all();
        } catch (RuntimeException e) {
            replies.completeExceptionally(e);
            return true;
        }
        replies.complete(all);
        return true;
    }

    /** Moves what there is room for; returns whether that was the rest. To be called by one thread at a time. */
    boolean writeTo(ByteBuffer out) {
        int part = Math.min(out.remaining(), size - sent);
        out.put(unsent, sent, part);
        sent += part;
        if (sent < size) {
            return false;
        }
        unsent = SENT;
        return true;
    }

    @Override
    public String toString() {
        return "Exchange[" + requests + " requests]";
    }
}
