package dev.terrace.cache.redis.journal;

import static dev.terrace.cache.redis.journal.StreamLog.ascii;

import dev.terrace.cache.redis.RedisScript;
import dev.terrace.cache.redis.lock.LockGrant;
import dev.terrace.cache.spi.JournalException;
import dev.terrace.cache.spi.SharedLog.Tenure;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The time during which this process owns a stream. Drops are kept in the order in which they came, all or none of those that
 * are sent together, one call at a time: so no record comes back without every later one that was dropped.
 */
final class StreamTenure implements Tenure {

    private static final RedisScript DROP = Partition.script("drop.lua");
    private static final int AT_ONCE = 1_000;
    private static final long AGAIN_MILLIS = 100;

    private final Partition partition;
    private final LockGrant grant;

    private final ReentrantLock lock = new ReentrantLock();
    private final Deque<Long> unkept = new ArrayDeque<>();
    private final Queue<Waiter> waiters = new ArrayDeque<>();
    private long drops;
    private long kept;
    private int handedOut;
    private boolean sending;
    private volatile boolean ended;

    /** Waits until so many drops are kept. */
    private record Waiter(long drops, CompletableFuture<Void> done) {}

    StreamTenure(Partition partition, LockGrant grant) {
        this.partition = partition;
        this.grant = grant;
    }

    @Override
    public long fence() {
        return grant.fencingNumber();
    }

    @Override
    public boolean isHeld() {
        return !ended && grant.isHeld();
    }

    void handedOut() {
        lock.lock();
        try {
            handedOut++;
        } finally {
            lock.unlock();
        }
    }

    /** A record was handed out and not taken. */
    void takenBack() {
        lock.lock();
        try {
            handedOut--;
        } finally {
            lock.unlock();
        }
    }

    /** How many records were handed out and are not dropped yet, as Redis knows it. */
    int outstanding() {
        lock.lock();
        try {
            return handedOut;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void drop(long number) {
        lock.lock();
        try {
            if (!ended) {
                unkept.addLast(number);
                drops++;
            }
        } finally {
            lock.unlock();
        }
    }

    @Override
    public CompletionStage<Void> dropped() {
        CompletableFuture<Void> done = new CompletableFuture<>();
        boolean send;
        lock.lock();
        try {
            if (ended) {
                return CompletableFuture.failedFuture(over());
            }
            if (unkept.isEmpty()) {
                return CompletableFuture.completedFuture(null);
            }
            waiters.add(new Waiter(drops, done));
            send = !sending;
            sending = true;
        } finally {
            lock.unlock();
        }
        if (send) {
            send();
        }
        return done;
    }

    private JournalException over() {
        return new JournalException("the journal " + partition + " is no longer owned by this process", null);
    }

    private void send() {
        if (!isHeld()) {
            end();
            return;
        }
        List<Long> batch = new ArrayList<>();
        lock.lock();
        try {
            for (Long number : unkept) {
                if (batch.size() < AT_ONCE) {
                    batch.add(number);
                }
            }
        } finally {
            lock.unlock();
        }
        byte[][] args = new byte[batch.size() + 1][];
        args[0] = ascii(Long.toString(fence()));
        for (int i = 0; i < batch.size(); i++) {
            args[i + 1] = ascii(batch.get(i) + "-0");
        }
        partition.run("drop", DROP, args).whenComplete((answer, failure) -> {
            if (failure != null) {
                sendLater(failure);
            } else if (Long.valueOf(0).equals(answer.get(2))) {
                end();
            } else {
                kept(batch);
            }
        });
    }

    private void sendLater(Throwable failure) {
        partition.redis().report("journal", failure);
        try {
            partition.redis().timer().schedule(this::send, AGAIN_MILLIS, TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException shutDown) {
            end();
        }
    }

    private void kept(List<Long> batch) {
        List<CompletableFuture<Void>> done = new ArrayList<>();
        boolean again;
        lock.lock();
        try {
            for (int i = 0; i < batch.size() && !ended; i++) {
                unkept.removeFirst();
            }
            kept += batch.size();
            handedOut -= batch.size();
            Waiter first = waiters.peek();
            while (first != null && first.drops <= kept) {
                done.add(waiters.remove().done);
                first = waiters.peek();
            }
            again = !waiters.isEmpty();
            sending = again;
        } finally {
            lock.unlock();
        }
        partition.gone(batch);
        done.forEach(waiter -> waiter.complete(null));
        if (again) {
            send();
        }
    }

    /** Nothing that was handed out is this process' business any more. Idempotent. */
    void end() {
        List<CompletableFuture<Void>> failed = new ArrayList<>();
        lock.lock();
        try {
            if (ended) {
                return;
            }
            ended = true;
            waiters.forEach(waiter -> failed.add(waiter.done));
            waiters.clear();
            unkept.clear();
        } finally {
            lock.unlock();
        }
        partition.ended(this);
        failed.forEach(waiter -> waiter.completeExceptionally(over()));
        grant.release();
    }

    /** Ends it, and says when others may begin theirs. */
    CompletableFuture<Boolean> release() {
        CompletableFuture<Boolean> released = grant.release();
        end();
        return released;
    }
}
