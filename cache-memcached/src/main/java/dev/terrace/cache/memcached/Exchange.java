package dev.terrace.cache.memcached;

import com.google.code.yanf4j.buffer.IoBuffer;
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
final class Exchange extends Command {

    private static final IoBuffer SENT = IoBuffer.allocate(0);

    private final CompletableFuture<List<Reply>> replies = new CompletableFuture<>();
    private final Dialect.Replies reader;
    private final int requests;
    private final int size;
    private final long sentAt = System.nanoTime();

    Exchange(Dialect dialect, List<Ask> asks) {
        // A type that the driver does not merge with others.
        super(CommandType.VERSION);
        byte[] bytes = dialect.encode(asks);
        this.requests = asks.size();
        this.size = bytes.length;
        this.reader = dialect.replies(asks);
        setIoBuffer(IoBuffer.wrap(bytes));
    }

    /** Completed on the driver's thread. */
    CompletableFuture<List<Reply>> replies() {
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
        return replies.isDone();
    }

    void fail(Throwable reason) {
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
        replies.complete(reader.all());
        return true;
    }

    /** Lets go of what was sent. */
    void sent() {
        setIoBuffer(SENT);
    }

    @Override
    public String toString() {
        return "Exchange[" + requests + " requests]";
    }
}
