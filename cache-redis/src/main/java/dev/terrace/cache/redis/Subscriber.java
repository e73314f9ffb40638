package dev.terrace.cache.redis;

import io.lettuce.core.RedisChannelHandler;
import io.lettuce.core.RedisConnectionStateListener;
import io.lettuce.core.pubsub.RedisPubSubAdapter;
import io.lettuce.core.pubsub.StatefulRedisPubSubConnection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Listens to channels on a connection of its own, made when the first is listened to and made anew whenever it is lost, or
 * answers no PING for a while. What is published meanwhile is not heard: whoever listens needs a timer beside it.
 *
 * <p>Behind one name there may be several servers, as while it moves. One that is not the server of the calls is not listened to:
 * what is published by calls is not heard there.
 */
final class Subscriber {

    private static final Logger LOG = LoggerFactory.getLogger("dev.terrace.cache.redis");

    private static final long HEARTBEAT_MILLIS = 1_000;
    private static final long PAUSE_MILLIS = 200;
    private static final String APART = "a connection that listens to channels reached another server";

    private final Wire wire;
    private final UntoldFailures untold;
    private final Map<String, List<Ear>> listeners = new ConcurrentHashMap<>();
    private final Map<String, CompletableFuture<Void>> heard = new ConcurrentHashMap<>();
    private final Partings partings = new Partings();
    private final ReentrantLock lock = new ReentrantLock();
    private @Nullable StatefulRedisPubSubConnection<String, byte[]> connection;
    /** Or to be made after a pause: who begins to listen meanwhile makes no attempt besides. */
    private boolean dialing;

    private boolean closed;

    /**
     * Who listens to a channel. Everything is told on the driver's thread.
     *
     * @param begins run when the channel is heard for the first time
     * @param again run when it is heard again after it was not
     */
    private record Ear(Consumer<byte[]> message, Runnable begins, Runnable again, AtomicBoolean begun) {

        void subscribed(boolean anew, Consumer<Runnable> guard) {
            if (begun.compareAndSet(false, true)) {
                guard.accept(begins);
            } else if (anew) {
                guard.accept(again);
            }
        }
    }

    Subscriber(Wire wire, UntoldFailures untold) {
        this.wire = wire;
        this.untold = untold;
    }

    /**
     * Listens to a channel. The listener is called on the driver's thread, and must not block.
     *
     * @param again run, there too, when the channel is heard again after it was not
     * @return done once it is heard for the first time
     */
    Listening listen(String channel, Consumer<byte[]> message, Runnable again) {
        return listen(channel, message, () -> {}, again);
    }

    /**
     * As {@link #listen(String, Consumer, Runnable)}.
     *
     * @param begins run, there too, when the channel is heard for the first time
     */
    Listening listen(String channel, Consumer<byte[]> message, Runnable begins, Runnable again) {
        Ear ear = new Ear(message, begins, again, new AtomicBoolean());
        listeners.compute(channel, (name, others) -> {
            // Before the channel is listened to, which may happen at once.
            heard.computeIfAbsent(channel, unheard -> new CompletableFuture<>());
            List<Ear> all = others == null ? new CopyOnWriteArrayList<>() : others;
            all.add(ear);
            return all;
        });
        StatefulRedisPubSubConnection<String, byte[]> current = current();
        CompletableFuture<Void> first = heard.computeIfAbsent(channel, unheard -> new CompletableFuture<>());
        if (current == null) {
            dial();
        } else {
            current.async().subscribe(channel);
        }
        return new Listening(first, () -> forget(channel, ear));
    }

    private void forget(String channel, Ear ear) {
        listeners.computeIfPresent(channel, (name, all) -> {
            all.remove(ear);
            if (!all.isEmpty()) {
                return all;
            }
            heard.remove(channel);
            StatefulRedisPubSubConnection<String, byte[]> current = current();
            if (current != null) {
                // In here, so that it is sent before whoever comes next subscribes.
                current.async().unsubscribe(channel);
            }
            return null;
        });
    }

    private @Nullable StatefulRedisPubSubConnection<String, byte[]> current() {
        lock.lock();
        try {
            return connection;
        } finally {
            lock.unlock();
        }
    }

    void close() {
        StatefulRedisPubSubConnection<String, byte[]> last;
        lock.lock();
        try {
            closed = true;
            last = connection;
            connection = null;
        } finally {
            lock.unlock();
        }
        listeners.clear();
        if (last != null) {
            last.closeAsync();
        }
    }

    private void dial() {
        lock.lock();
        try {
            if (closed || dialing || connection != null) {
                return;
            }
            dialing = true;
        } finally {
            lock.unlock();
        }
        CompletionStage<? extends StatefulRedisPubSubConnection<String, byte[]>> dialed;
        try {
            dialed = wire.dialPubSub();
        } catch (RuntimeException e) {
            dialed = CompletableFuture.failedFuture(e);
        }
        dialed.whenComplete((made, failure) -> {
            if (failure == null) {
                identify(made);
            } else {
                failed(failure);
            }
        });
    }

    private void failed(Throwable failure) {
        LOG.debug("{} cannot be listened to; trying again", wire.server(), failure);
        again(PAUSE_MILLIS);
    }

    /** Before it listens, since the old protocol allows no questions afterwards. */
    private void identify(StatefulRedisPubSubConnection<String, byte[]> made) {
        CompletionStage<BooleanSupplier> identified;
        try {
            identified = wire.identify(made);
        } catch (RuntimeException e) {
            identified = CompletableFuture.failedFuture(e);
        }
        identified
                .toCompletableFuture()
                .orTimeout(HEARTBEAT_MILLIS, TimeUnit.MILLISECONDS)
                .whenComplete((apart, failure) -> {
                    if (failure != null) {
                        made.closeAsync();
                        failed(failure);
                    } else if (apart.getAsBoolean()) {
                        made.closeAsync();
                        part();
                    } else {
                        established(made, apart);
                    }
                });
    }

    /** Which of the two servers is meant is not known; new connections go there. */
    private void part() {
        boolean leaves = partings.begin();
        again(Math.max(PAUSE_MILLIS, partings.pause().toMillis()));
        if (leaves) {
            wire.leave(APART);
        }
    }

    /** @return whether it may be used */
    private boolean dialed(StatefulRedisPubSubConnection<String, byte[]> made) {
        lock.lock();
        try {
            dialing = false;
            connection = closed ? null : made;
            return !closed;
        } finally {
            lock.unlock();
        }
    }

    private void established(StatefulRedisPubSubConnection<String, byte[]> made, BooleanSupplier apart) {
        Set<String> heardHere = ConcurrentHashMap.newKeySet();
        made.addListener(new RedisPubSubAdapter<>() {
            @Override
            public void subscribed(String channel, long count) {
                CompletableFuture<Void> first = heard.get(channel);
                if (first != null) {
                    first.complete(null);
                }
                boolean anew = heardHere.add(channel);
                listeners
                        .getOrDefault(channel, List.of())
                        .forEach(ear -> ear.subscribed(anew, Subscriber.this::guarded));
            }

            @Override
            public void message(String channel, byte[] message) {
                listeners
                        .getOrDefault(channel, List.of())
                        .forEach(ear -> guarded(() -> ear.message().accept(message)));
            }
        });
        made.addListener(new RedisConnectionStateListener() {
            @Override
            public void onRedisDisconnected(RedisChannelHandler<?, ?> lost) {
                ended(made);
            }
        });
        if (!dialed(made)) {
            made.closeAsync();
            return;
        }
        String[] channels = listeners.keySet().toArray(String[]::new);
        if (channels.length > 0) {
            made.async().subscribe(channels);
        }
        if (!made.isOpen()) {
            ended(made);
        }
        wire.over(made).thenAccept(reason -> ended(made));
        beat(made, apart);
    }

    private void guarded(Runnable telling) {
        try {
            telling.run();
        } catch (RuntimeException e) {
            untold.note("channel listener", wire.server(), e, System.nanoTime());
        }
    }

    private void beat(StatefulRedisPubSubConnection<String, byte[]> asked, BooleanSupplier apart) {
        after(HEARTBEAT_MILLIS, () -> {
            if (current() == asked) {
                asked.async()
                        .ping()
                        .toCompletableFuture()
                        .orTimeout(HEARTBEAT_MILLIS, TimeUnit.MILLISECONDS)
                        .whenComplete((pong, failure) -> {
                            // Where calls have gone elsewhere, the next connection tells which of the two to leave.
                            if (failure == null && !apart.getAsBoolean()) {
                                beat(asked, apart);
                            } else {
                                ended(asked);
                            }
                        });
            }
        });
    }

    private void ended(StatefulRedisPubSubConnection<String, byte[]> lost) {
        lock.lock();
        try {
            if (connection != lost) {
                return;
            }
            connection = null;
            dialing = true;
        } finally {
            lock.unlock();
        }
        lost.closeAsync();
        again(PAUSE_MILLIS);
    }

    private void again(long pauseMillis) {
        after(pauseMillis, () -> {
            lock.lock();
            try {
                dialing = false;
            } finally {
                lock.unlock();
            }
            dial();
        });
    }

    private void after(long millis, Runnable task) {
        try {
            wire.timer().schedule(task, millis, TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException e) {
            LOG.debug("The client of {} was shut down", wire.server(), e);
        }
    }
}
