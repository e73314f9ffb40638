package dev.terrace.cache.metrics;

import dev.terrace.cache.spi.ServerStatistics;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.DoubleSupplier;
import java.util.function.ToDoubleFunction;
import java.util.function.ToLongFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Meters of what servers count of themselves, by node: hit rate, evictions, memory used of its maximum, connections, commands,
 * keys, expired keys. One daemon thread asks them at an interval; between two answers the meters have the last one.
 *
 * <pre>{@code
 * ServerMeters.start(registry, RedisStatistics.of(redis.shared()), Duration.ofSeconds(15));
 * }</pre>
 *
 * <table>
 * <caption>Meters</caption>
 * <tr><th>name</th><th>type</th><th>tags</th><th>what</th></tr>
 * <tr><td>{@code cache.server.hits}</td><td>counter</td><td>node</td>
 *     <td>Lookups that the server answered with a value.</td></tr>
 * <tr><td>{@code cache.server.misses}</td><td>counter</td><td>node</td>
 *     <td>Lookups that found nothing.</td></tr>
 * <tr><td>{@code cache.server.evictions}</td><td>counter</td><td>node</td>
 *     <td>Keys that the server gave up for want of room.</td></tr>
 * <tr><td>{@code cache.server.expired}</td><td>counter</td><td>node</td>
 *     <td>Keys that reached the end of their life.</td></tr>
 * <tr><td>{@code cache.server.keys}</td><td>gauge</td><td>node</td>
 *     <td>Keys now.</td></tr>
 * <tr><td>{@code cache.server.memory.used}</td><td>gauge</td><td>node</td>
 *     <td>Memory in use.</td></tr>
 * <tr><td>{@code cache.server.memory.max}</td><td>gauge</td><td>node</td>
 *     <td>Memory that may be used; NaN where it is not limited.</td></tr>
 * <tr><td>{@code cache.server.connections}</td><td>gauge</td><td>node</td>
 *     <td>Connections of clients now.</td></tr>
 * <tr><td>{@code cache.server.commands}</td><td>counter</td><td>node</td>
 *     <td>Commands that the server has processed.</td></tr>
 * <tr><td>{@code cache.server.polls}</td><td>counter</td><td>source, result</td>
 *     <td>Times that a source's servers were asked for these, by {@code result}: {@code success}, {@code failure}.</td></tr>
 * </table>
 *
 * <p>A node that no longer answers while others do loses its meters; where none answers they stay, and
 * {@code cache.server.polls} counts failures. Counters go on from where they were when a server begins again from zero. Of a source with more than {@value #MOST_NODES} nodes the others have none.
 */
public final class ServerMeters implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger("dev.terrace.cache.metrics");

    private static final int MOST_NODES = 1_000;
    private static final Duration SHORTEST = Duration.ofSeconds(1);

    private final MeterRegistry registry;
    private final ServerStatistics.Source source;
    private final Duration interval;
    private final MeterScope polls;
    private final Counter answered;
    private final Counter failed;
    private final Map<String, Node> nodes = new HashMap<>(); // of the thread
    private final Thread thread;
    private volatile boolean closed;
    private boolean failing; // of the thread

    private ServerMeters(MeterRegistry registry, ServerStatistics.Source source, Duration interval) {
        this.registry = registry;
        this.source = source;
        this.interval = interval;
        this.polls = new MeterScope(registry, Tags.of("source", source.toString()));
        this.answered = polls.counter(CacheMeter.SERVER_POLLS, CacheMeters.result(false));
        this.failed = polls.counter(CacheMeter.SERVER_POLLS, CacheMeters.result(true));
        this.thread = new Thread(this::poll, "terrace-server-meters");
        thread.setDaemon(true);
    }

    /**
     * Begins to ask.
     *
     * @param interval between the end of one poll and the start of the next; a second at least
     */
    public static ServerMeters start(MeterRegistry registry, ServerStatistics.Source source, Duration interval) {
        Objects.requireNonNull(registry, "registry");
        Objects.requireNonNull(source, "source");
        if (interval.compareTo(SHORTEST) < 0) {
            throw new IllegalArgumentException("interval: " + interval + " is shorter than " + SHORTEST);
        }
        ServerMeters meters = new ServerMeters(registry, source, interval);
        meters.thread.start();
        return meters;
    }

    private void poll() {
        try {
            while (!closed) {
                pollOnce();
                long next = System.nanoTime() + interval.toNanos();
                while (!closed && next - System.nanoTime() > 0) {
                    LockSupport.parkNanos(this, next - System.nanoTime());
                    // Only a close may shorten the pause.
                    Thread.interrupted();
                }
            }
        } finally {
            nodes.values().forEach(node -> guarded(node::remove));
            guarded(polls::remove);
        }
    }

    /** A source or a registry that throws is logged once until it answers again. */
    private void pollOnce() {
        try {
            update(source.read());
            answered.increment();
            if (failing) {
                failing = false;
                LOG.info("{}: statistics are told again", source);
            }
        } catch (Throwable e) {
            guarded(failed::increment);
            noted(e);
        }
    }

    private void noted(Throwable failure) {
        if (!failing && !closed) {
            failing = true;
            LOG.warn("{}: no statistics ({})", source, failure.toString());
        }
    }

    /** The thread goes on whatever a registry throws. */
    private void guarded(Runnable change) {
        try {
            change.run();
        } catch (RuntimeException | Error e) {
            noted(e);
        }
    }

    private void update(List<ServerStatistics> statistics) {
        Set<String> gone = new HashSet<>(nodes.keySet());
        for (ServerStatistics one : statistics) {
            gone.remove(one.node());
            Node known = nodes.get(one.node());
            if (known != null) {
                known.told(one);
            } else if (nodes.size() < MOST_NODES) {
                nodes.put(one.node(), new Node(registry, one));
            }
        }
        for (String node : gone) {
            Objects.requireNonNull(nodes.remove(node)).remove();
        }
    }

    /** Stops asking, and removes the meters as soon as the answer that is waited for is there. Does not block. */
    @Override
    public void close() {
        closed = true;
        LockSupport.unpark(thread);
    }

    private static final class Node {

        private final MeterScope scope;
        private final List<Count> counts = new ArrayList<>();
        private volatile ServerStatistics last;

        Node(MeterRegistry registry, ServerStatistics first) {
            this.last = first;
            this.scope = new MeterScope(registry, Tags.of("node", first.node()));
            try {
                bind();
            } catch (RuntimeException | Error e) {
                try {
                    scope.remove();
                } catch (RuntimeException | Error left) {
                    e.addSuppressed(left);
                }
                throw e;
            }
        }

        private void bind() {
            counter(CacheMeter.SERVER_HITS, now -> now.lookups().hits());
            counter(CacheMeter.SERVER_MISSES, now -> now.lookups().misses());
            counter(CacheMeter.SERVER_EVICTIONS, now -> now.keys().evicted());
            counter(CacheMeter.SERVER_EXPIRED, now -> now.keys().expired());
            counter(CacheMeter.SERVER_COMMANDS, ServerStatistics::commands);
            gauge(CacheMeter.SERVER_KEYS, now -> now.keys().count());
            gauge(CacheMeter.SERVER_CONNECTIONS, ServerStatistics::connections);
            gauge(CacheMeter.SERVER_MEMORY_USED, now -> now.memory().used());
            gauge(
                    CacheMeter.SERVER_MEMORY_MAX,
                    now -> now.memory().maximum() == 0
                            ? Double.NaN
                            : now.memory().maximum());
        }

        void told(ServerStatistics now) {
            last = now;
            counts.forEach(count -> count.told(now));
        }

        private void counter(CacheMeter meter, ToLongFunction<ServerStatistics> of) {
            Count count = new Count(of, last);
            counts.add(count);
            scope.counter(meter, Tags.empty(), count);
        }

        private void gauge(CacheMeter meter, ToDoubleFunction<ServerStatistics> value) {
            scope.gauge(meter, Tags.empty(), () -> value.applyAsDouble(last));
        }

        void remove() {
            scope.remove();
        }
    }
    /** Goes on from where it was when the server begins again from zero. */
    private static final class Count implements DoubleSupplier {

        private final ToLongFunction<ServerStatistics> of;
        private long last;
        private final AtomicLong total = new AtomicLong();

        Count(ToLongFunction<ServerStatistics> of, ServerStatistics first) {
            this.of = of;
            this.last = of.applyAsLong(first);
            total.set(last);
        }

        /** By one thread. */
        void told(ServerStatistics statistics) {
            long now = of.applyAsLong(statistics);
            total.addAndGet(now < last ? now : now - last);
            last = now;
        }

        @Override
        public double getAsDouble() {
            return total.get();
        }
    }
}
