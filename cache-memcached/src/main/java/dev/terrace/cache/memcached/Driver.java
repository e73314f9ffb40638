package dev.terrace.cache.memcached;

import com.google.code.yanf4j.config.Configuration;
import com.google.code.yanf4j.core.Session;
import com.google.code.yanf4j.core.WriteMessage;
import com.google.code.yanf4j.core.impl.HandlerAdapter;
import com.google.code.yanf4j.core.impl.StandardSocketOption;
import com.google.code.yanf4j.nio.NioSession;
import com.google.code.yanf4j.nio.NioSessionConfig;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import java.util.Collection;
import java.util.Queue;
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
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * xmemcached below its client: its reactors, sockets, write queues and the order of replies, and nothing of its locators, its
 * healing of sessions, its heartbeats or its keys. A session is announced once and never revived.
 */
final class Driver {

    private static final Logger LOG = LoggerFactory.getLogger("dev.terrace.cache.memcached");

    private static final int READ_BUFFER = 32 * 1024;

    private final Connector connector;

    Driver(int servers) {
        Configuration configuration = new Configuration();
        configuration.setSessionReadBufferSize(READ_BUFFER);
        configuration.setStatisticsServer(false);
        configuration.setReadThreadCount(0);
        configuration.setWriteThreadCount(0);
        configuration.setDispatchMessageThreadCount(0);
        int processors = Runtime.getRuntime().availableProcessors();
        // Of several the driver keeps the first for connecting, which it does not do here.
        configuration.setSelectorPoolSize(servers == 1 ? 1 : 1 + Math.min(servers, processors));
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

        /** The session is over; on any thread. */
        void disconnected();
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
            Queue<WriteMessage> queue = buildQueue();
            NioSessionConfig config = buildSessionConfig(channel, queue);
            return new OrderlySession(config, READ_BUFFER, merging, commands);
        }

        void adopt(SocketChannel channel, Target target) throws IOException {
            configureSocketChannel(channel);
            target.owner.connected(createSession(channel, target));
        }

        @Override
        public synchronized void addSession(Session session) {}

        @Override
        public synchronized void removeSession(Session session) {}
    }

    /** A session that ends when the server says something unasked, where the driver's own would wait for a question. */
    private static final class OrderlySession extends MemcachedTCPSession {

        OrderlySession(NioSessionConfig config, int readBuffer, MemcachedOptimizer merging, CommandFactory commands) {
            super(config, readBuffer, merging, 0, commands);
        }

        @Override
        public void takeCurrentCommand() {
            Command next = commandAlreadySent.poll();
            if (next == null) {
                throw new IllegalStateException("the server said something that it was not asked");
            }
            setCurrentCommand(next);
        }
    }

    private static final class Events extends HandlerAdapter {

        @Override
        public void onMessageSent(Session session, Object message) {
            ((Exchange<?>) message).sent();
        }

        @Override
        public void onSessionClosed(Session session) {
            InetSocketAddressWrapper target = ((MemcachedTCPSession) session).getInetSocketAddressWrapper();
            if (target instanceof Target known) {
                known.owner.disconnected();
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
