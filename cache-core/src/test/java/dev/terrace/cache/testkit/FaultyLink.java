package dev.terrace.cache.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.Arrays;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;

/**
 * A TCP proxy in front of a loopback port whose two directions can be delayed or made to swallow what they carry, whose
 * connections can be cut, and which can be put in front of another port. Thread-safe; its threads are daemons and end with {@link #close}.
 */
public final class FaultyLink implements AutoCloseable {

    private static final int CHUNK = 64 * 1024;
    private static final int CHUNKS_UNDER_WAY = 1_024;
    private static final Duration CONNECT_LIMIT = Duration.ofSeconds(5);

    private volatile int target;
    /** A port, or 0. */
    private volatile int afterNext;

    private final ServerSocket listener;
    private final Direction toServer = new Direction();
    private final Direction toClient = new Direction();
    private final Set<Pair> pairs = ConcurrentHashMap.newKeySet();
    private volatile boolean refusing;

    private FaultyLink(int target) {
        this.target = target;
        try {
            this.listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        start("accept", this::accept);
    }

    /** Listens on a free port and passes all connections on to {@code port}. */
    public static FaultyLink to(int port) {
        return new FaultyLink(port);
    }

    /** Where clients connect. */
    public int port() {
        return listener.getLocalPort();
    }

    /** From now on new connections go to another port. Those that stand go on. */
    public void moveTo(int port) {
        target = port;
    }

    /** The next connection still goes where connections went, those after it to another port. */
    public void moveAfterNext(int port) {
        afterNext = port;
    }

    /** How many connections stand. */
    public int connections() {
        return pairs.size();
    }

    /** Ends one connection on both sides. */
    public void cutOne() {
        pairs.stream().findAny().ifPresent(Pair::end);
    }

    /** What happens to the bytes that clients send. */
    public Direction toServer() {
        return toServer;
    }

    /** What happens to the bytes that the server sends. */
    public Direction toClient() {
        return toClient;
    }

    /** Ends all connections on both sides; new ones are accepted. */
    public void cut() {
        pairs.forEach(Pair::end);
    }

    /** From now on new connections are ended as soon as they are there. Those that stand go on. */
    public void refuse() {
        refusing = true;
    }

    /** Accepts again, without delay or loss. Connections that have lost bytes are ended, since a stream has no holes. */
    public void heal() {
        refusing = false;
        toServer.heal();
        toClient.heal();
        pairs.stream().filter(Pair::hasLostBytes).forEach(Pair::end);
    }

    @Override
    public void close() {
        try {
            listener.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        cut();
    }

    private void accept() {
        while (!listener.isClosed()) {
            try {
                Socket client = listener.accept();
                if (refusing) {
                    client.close();
                } else {
                    connect(client);
                }
            } catch (IOException closedOrNoServer) {
                // the loop's condition tells which; the client sees its connection end
            }
        }
    }

    private void connect(Socket client) throws IOException {
        Socket server = new Socket();
        try {
            server.connect(
                    new InetSocketAddress(InetAddress.getLoopbackAddress(), target),
                    Math.toIntExact(CONNECT_LIMIT.toMillis()));
        } catch (IOException e) {
            client.close();
            throw e;
        }
        if (afterNext != 0) {
            target = afterNext;
            afterNext = 0;
        }
        client.setTcpNoDelay(true);
        server.setTcpNoDelay(true);
        Pair pair = new Pair(client, server);
        pairs.add(pair);
        pair.pump(client, server, toServer);
        pair.pump(server, client, toClient);
    }

    private static void start(String name, Runnable body) {
        Thread thread = new Thread(body, "faulty-link-" + name);
        thread.setDaemon(true);
        thread.start();
    }

    /** One way through the link. */
    public static final class Direction {

        private volatile long delayNanos;
        private volatile boolean swallowing;

        private Direction() {}

        /** Carries everything that much later, in order. */
        public void delay(Duration delay) {
            delayNanos = delay.toNanos();
        }

        /** Takes bytes and carries none of them, while connections stay open. */
        public void blackhole() {
            swallowing = true;
        }

        private void heal() {
            delayNanos = 0;
            swallowing = false;
        }
    }

    /** Bytes on their way; none stand for the end of the stream. */
    private record Chunk(byte[] bytes, long dueNanos) {
        boolean isEnd() {
            return bytes.length == 0;
        }
    }

    /** A client's connection and the one to the server that belongs to it. */
    private final class Pair {

        private final Socket client;
        private final Socket server;
        private final AtomicBoolean lostBytes = new AtomicBoolean();

        Pair(Socket client, Socket server) {
            this.client = client;
            this.server = server;
        }

        boolean hasLostBytes() {
            return lostBytes.get();
        }

        void end() {
            pairs.remove(this);
            for (Socket socket : new Socket[] {client, server}) {
                try {
                    socket.close();
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
        }

        void pump(Socket from, Socket to, Direction direction) {
            BlockingQueue<Chunk> underWay = new ArrayBlockingQueue<>(CHUNKS_UNDER_WAY);
            start("read", () -> read(from, underWay, direction));
            start("write", () -> write(to, underWay));
        }

        private void read(Socket from, BlockingQueue<Chunk> underWay, Direction direction) {
            byte[] buffer = new byte[CHUNK];
            try {
                for (int read = from.getInputStream().read(buffer);
                        read >= 0;
                        read = from.getInputStream().read(buffer)) {
                    if (direction.swallowing) {
                        lostBytes.set(true);
                    } else {
                        put(underWay, new Chunk(Arrays.copyOf(buffer, read), System.nanoTime() + direction.delayNanos));
                    }
                }
                put(underWay, new Chunk(new byte[0], System.nanoTime()));
            } catch (IOException ended) {
                end();
            }
        }

        private void put(BlockingQueue<Chunk> underWay, Chunk chunk) throws IOException {
            try {
                while (!underWay.offer(chunk, 100, TimeUnit.MILLISECONDS)) {
                    if (client.isClosed()) {
                        throw new IOException("ended");
                    }
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException(e);
            }
        }

        private void write(Socket to, BlockingQueue<Chunk> underWay) {
            try {
                while (!to.isClosed()) {
                    Chunk chunk = underWay.poll(100, TimeUnit.MILLISECONDS);
                    if (chunk != null && chunk.isEnd()) {
                        end();
                    } else if (chunk != null) {
                        awaitDue(chunk);
                        to.getOutputStream().write(chunk.bytes());
                    }
                }
            } catch (IOException ended) {
                end();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                end();
            }
        }

        private void awaitDue(Chunk chunk) {
            for (long left = chunk.dueNanos() - System.nanoTime();
                    left > 0;
                    left = chunk.dueNanos() - System.nanoTime()) {
                LockSupport.parkNanos(left);
            }
        }
    }
}
