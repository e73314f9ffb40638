package dev.terrace.cache.memcached;

import com.google.code.yanf4j.config.Configuration;
import com.google.code.yanf4j.core.EventType;
import com.google.code.yanf4j.core.Session;
import com.google.code.yanf4j.core.WriteMessage;
import com.google.code.yanf4j.core.impl.HandlerAdapter;
import com.google.code.yanf4j.core.impl.StandardSocketOption;
import com.google.code.yanf4j.nio.NioSession;
import com.google.code.yanf4j.nio.NioSessionConfig;
import com.google.code.yanf4j.nio.impl.Reactor;
import com.google.code.yanf4j.nio.impl.SelectorManager;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.CancelledKeyException;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.util.Collection;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import net.rubyeye.xmemcached.CommandFactory;
import net.rubyeye.xmemcached.MemcachedOptimizer;
import net.rubyeye.xmemcached.MemcachedSessionLocator;
import net.rubyeye.xmemcached.codec.MemcachedCodecFactory;
import net.rubyeye.xmemcached.command.Command;
import net.rubyeye.xmemcached.command.TextCommandFactory;
import net.rubyeye.xmemcached.impl.IndexMemcachedSessionComparator;
import net.rubyeye.xmemcached.impl.MemcachedConnector;
import net.rubyeye.xmemcached.impl.MemcachedTCPSession;
import net.rubyeye.xmemcached.impl.Optimizer;
import net.rubyeye.xmemcached.utils.InetSocketAddressWrapper;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * xmemcached below its client: its reactors, sockets, write queues and the order of replies, and nothing of its locators, its
 * healing of sessions, its heartbeats or its keys. A session is announced once and never revived.
 */
final class Driver {

    private static final Logger LOG = LoggerFactory.getLogger("dev.terrace.cache.memcached");

    static final String LOST = "the connection was lost";

    private static final int READ_BUFFER = 32 * 1024;
    private static final int WRITE_BUFFER = 64 * 1024;

    private final Connector connector;

    /** @param connections how many there will be in all */
    Driver(int connections) {
        Configuration configuration = new Configuration();
        configuration.setSessionReadBufferSize(READ_BUFFER);
        configuration.setStatisticsServer(false);
        configuration.setReadThreadCount(0);
        configuration.setWriteThreadCount(0);
        configuration.setDispatchMessageThreadCount(0);
        int processors = Runtime.getRuntime().availableProcessors();
        // Of several the driver keeps the first for connecting, which it does not do here.
        configuration.setSelectorPoolSize(connections == 1 ? 1 : 1 + Math.min(connections, processors));
        connector = new Connector(configuration, new TextCommandFactory());
        try {
            connector.start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Who hears of a session. */
    interface Owner {

        /** The session is there; on a thread of the driver, or the caller's. */
        void connected(MemcachedTCPSession session);

        /** The session is over, with the reason; on any thread. */
        void disconnected(String reason);
    }

    /** Connects, blocking for that long at most. Here and not in the driver, which logs every failure as an error. */
    void connect(InetSocketAddress address, Owner owner, int millis) throws IOException {
        SocketChannel channel = SocketChannel.open();
        try {
            channel.socket().connect(address, millis);
            connector.adopt(channel, new Target(address, owner));
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    /** Ends all sessions and reactors. May block for some seconds on a server that hangs. */
    void stop() {
        try {
            connector.shuttingDown();
            connector.stop();
        } catch (IOException e) {
            LOG.debug("The driver did not stop cleanly", e);
        }
    }

    /** The driver forgets that it was to wake a reactor that is about to select, which then sleeps for a second. */
    private static void wake(Reactor reactor) {
        reactor.getSelector().wakeup();
    }

    /** Where to connect, and who wants to know. */
    private static final class Target extends InetSocketAddressWrapper {

        private final Owner owner;

        Target(InetSocketAddress address, Owner owner) {
            super(address, 1, 1, null, false);
            this.owner = owner;
        }
    }

    private static final class Connector extends MemcachedConnector {

        private final CommandFactory commands;
        private final MemcachedOptimizer merging;

        Connector(Configuration configuration, CommandFactory commands) {
            super(configuration, new NoLocator(), new IndexMemcachedSessionComparator(), null, commands, 1, 1);
            this.commands = commands;
            this.merging = new Optimizer(commands.getProtocol());
            setEnableHealSession(false);
            setCodecFactory(new MemcachedCodecFactory());
            setHandler(new Events());
            setSocketOption(StandardSocketOption.TCP_NODELAY, true);
            setSocketOption(StandardSocketOption.SO_KEEPALIVE, true);
        }

        @Override
        protected NioSession buildSession(SocketChannel channel) {
            Queue<WriteMessage> queue = new ConcurrentLinkedQueue<>();
            NioSessionConfig config = buildSessionConfig(channel, queue);
            return new OrderlySession(channel, config, merging, commands);
        }

        void adopt(SocketChannel channel, Target target) throws IOException {
            configureSocketChannel(channel);
            MemcachedTCPSession session = createSession(channel, target);
            if (session.getAttribute(SelectorManager.REACTOR_ATTRIBUTE) instanceof Reactor reactor) {
                wake(reactor);
            }
            target.owner.connected(session);
        }

        @Override
        public synchronized void addSession(Session session) {}

        @Override
        public synchronized void removeSession(Session session) {}
    }

    /**
     * A session that ends when the server says something unasked, where the driver's own would wait for a question; and whose
     * requests go out with as little ado as can be.
     *
     * <p>While nothing is unanswered, the thread that makes a request writes it, where the driver would have its reactor do that,
     * which costs a change of threads. Else the reactor writes what has come together, at the latest when it has read what there
     * is, in one call of the system, which costs server and client less than each by itself. Whoever writes does so alone; who
     * comes meanwhile leaves its request to that one, and nobody waits.
     */
    static final class OrderlySession extends MemcachedTCPSession {

        /** A thread that writes what others ask has something else to do than that for ever. */
        private static final int MOST_WRITES = 8;

        private static final int MOST_READS = 16;

        private final SocketChannel channel;
        private final AtomicBoolean writing = new AtomicBoolean();
        /** What goes next; belongs to who is writing. */
        private final ByteBuffer next = ByteBuffer.allocateDirect(WRITE_BUFFER);
        /** Whether something is in it. */
        private volatile boolean unwritten;
        /** Whether the reactor is going to write. */
        private volatile boolean forReactor;

        private final AtomicInteger unanswered = new AtomicInteger();
        /** What is being answered, once a part of the answer was read. The reactor's. */
        private @Nullable Command begun;

        OrderlySession(
                SocketChannel channel, NioSessionConfig config, MemcachedOptimizer merging, CommandFactory commands) {
            super(config, READ_BUFFER, merging, 0, commands);
            this.channel = channel;
        }

        @Override
        public void write(Object exchange) {
            if (isClosed()) {
                return;
            }
            boolean alone = unanswered.getAndIncrement() == 0;
            writeQueue.add((Exchange<?>) exchange);
            if (alone) {
                writeQueued();
            } else if (!forReactor) {
                leaveToReactor();
            }
        }

        /** An answer is there. To be said before anybody is told it, who may ask again at once. */
        void answering() {
            unanswered.decrementAndGet();
        }

        private void leaveToReactor() {
            // Before it is told so: it says when it begins.
            forReactor = true;
            if (!(getAttribute(SelectorManager.REACTOR_ATTRIBUTE) instanceof Reactor reactor)) {
                // The session is over.
                return;
            }
            if (Thread.currentThread() == reactor) {
                try {
                    reactor.registerSession(this, EventType.ENABLE_WRITE);
                } catch (CancelledKeyException e) {
                    // It would end the reactor, which has other sessions too.
                    lost(LOST);
                }
            } else {
                reactor.registerSession(this, EventType.WRITEABLE);
                wake(reactor);
            }
        }

        /** On the reactor. */
        @Override
        protected void onWrite(@Nullable SelectionKey key) {
            forReactor = false;
            writeQueued();
        }

        private void writeQueued() {
            while (!forReactor && (unwritten || !writeQueue.isEmpty()) && writing.compareAndSet(false, true)) {
                try {
                    writeSome();
                } catch (IOException e) {
                    LOG.debug("Writing failed", e);
                    lost(LOST);
                    return;
                } finally {
                    writing.set(false);
                }
            }
        }

        private void writeSome() throws IOException {
            for (int writes = 0; writes < MOST_WRITES; writes++) {
                takeQueued();
                if (next.position() == 0) {
                    return;
                }
                next.flip();
                channel.write(next);
                boolean full = next.hasRemaining();
                next.compact();
                unwritten = full;
                if (full) {
                    break;
                }
            }
            leaveToReactor();
        }

        private void takeQueued() {
            while (next.hasRemaining() && writeQueue.peek() instanceof Exchange<?> first) {
                if (!first.isAdded()) {
                    first.setAdded(true);
                    addCommand(first);
                }
                if (first.writeTo(next)) {
                    writeQueue.poll();
                }
            }
        }

        /** Not closed here: that takes the driver seconds at worst. */
        private void lost(String reason) {
            forReactor = true;
            if (getInetSocketAddressWrapper() instanceof Target known) {
                known.owner.disconnected(reason);
            }
        }

        /** As the driver's own; but what is there is read at once, and a buffer that has filled up is not for ever. */
        @Override
        protected void readFromBuffer() {
            try {
                int read;
                int reads = 0;
                boolean full;
                do {
                    ByteBuffer in = readBuffer.buf();
                    if (!in.hasRemaining()) {
                        throw new IllegalStateException("a line without an end");
                    }
                    read = channel.read(in);
                    full = !in.hasRemaining();
                    if (read > 0) {
                        // Who is answered may ask again before the others are.
                        forReactor = true;
                        in.flip();
                        decode();
                        in.compact();
                    }
                } while (full && !isClosed() && ++reads < MOST_READS);
                if (read < 0) {
                    lost(LOST);
                } else {
                    onWrite(null);
                    selectorManager.registerSession(this, EventType.ENABLE_READ);
                }
            } catch (IOException e) {
                lost(LOST);
            } catch (Throwable e) {
                // The reactor has other sessions too.
                LOG.debug("What was read is no reply", e);
                lost("what it said is no reply to what it was asked");
            }
        }

        /** The driver's own logs each failure as an error, with what was read. */
        @Override
        public void decode() {
            ByteBuffer in = readBuffer.buf();
            while (in.hasRemaining()) {
                Command asked = begun == null ? commandAlreadySent.poll() : begun;
                if (asked == null) {
                    throw new IllegalStateException("the server said something that it was not asked");
                }
                begun = asked.decode(this, in) ? null : asked;
                if (begun != null) {
                    return;
                }
            }
        }
    }

    private static final class Events extends HandlerAdapter {

        @Override
        public void onSessionClosed(Session session) {
            InetSocketAddressWrapper target = ((MemcachedTCPSession) session).getInetSocketAddressWrapper();
            if (target instanceof Target known) {
                known.owner.disconnected(LOST);
            }
        }

        @Override
        public void onExceptionCaught(Session session, Throwable failure) {
            LOG.debug("A session failed", failure);
        }
    }

    /** Keys find their servers before the driver hears of them. */
    private static final class NoLocator implements MemcachedSessionLocator {

        @Override
        public Session getSessionByKey(String key) {
            throw new IllegalStateException("keys are located elsewhere");
        }

        @Override
        public void updateSessions(Collection<Session> sessions) {}

        @Override
        public void setFailureMode(boolean failureMode) {}
    }
}
