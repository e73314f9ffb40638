package dev.terrace.cache.redis;

import java.util.concurrent.CompletionStage;

/** One that listens to a channel, until it is closed. Thread-safe. */
public final class Listening implements AutoCloseable {

    private final CompletionStage<Void> heard;
    private final Runnable end;

    Listening(CompletionStage<Void> heard, Runnable end) {
        this.heard = heard;
        this.end = end;
    }

    /** Done once the channel is heard for the first time, which is when Redis can be reached. */
    public CompletionStage<Void> heard() {
        return heard;
    }

    /** Is told nothing more. The connection goes on listening for others. Idempotent; blocks for nothing. */
    @Override
    public void close() {
        end.run();
    }
}
