package dev.terrace.cache.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Scanner;

/**
 * A private memcached on a free loopback port: the installed one, else a container where Docker runs, else an
 * {@link AssertionError} that says what to install. It ends with the JVM at the latest. Every method is bounded and answers
 * on the calling thread; thread-safe.
 */
public final class MemcachedServer implements AutoCloseable {

    private static final int CALL_MILLIS = 10_000;

    private final Server server;

    private MemcachedServer(List<String> options) {
        this.server =
                new Server(ServerKind.MEMCACHED, port -> commandLine(port, options), MemcachedServer::answeringProcess);
    }

    /**
     * Starts a server and waits until it answers.
     *
     * @param options as on the command line of {@code memcached}, such as {@code "-m", "16"}
     */
    public static MemcachedServer start(String... options) {
        return new MemcachedServer(List.of(options));
    }

    public int port() {
        return server.port();
    }

    /** Stops it in its tracks (SIGSTOP): sockets stay open and accept bytes, nothing is answered. */
    public synchronized void freeze() {
        server.freeze();
    }

    /** Lets a frozen server go on (SIGCONT). */
    public synchronized void thaw() {
        server.thaw();
    }

    /** Ends it as {@code kill -9} does. */
    public synchronized void kill() {
        server.kill();
    }

    /** Starts an empty server on the same port with the same options, after killing the one that may still run. */
    public synchronized void restart() {
        server.restart();
    }

    /**
     * Sends one request, such as {@code "stats"} or {@code "set k 0 0 5\r\nhello"}, over a connection of its own and returns
     * all lines of the reply. {@code ISO-8859-1} both ways, so that any byte can be said.
     */
    public List<String> command(String request) {
        try {
            return ask(port(), request);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public synchronized void close() {
        server.close();
    }

    @Override
    public String toString() {
        return "MemcachedServer[127.0.0.1:" + port() + "]";
    }

    private static List<String> commandLine(int port, List<String> options) {
        List<String> command = new ArrayList<>(List.of(
                "-p",
                Integer.toString(port),
                "-U",
                "0",
                "-l",
                ServerKind.MEMCACHED.executable().isPresent() ? "127.0.0.1" : "0.0.0.0",
                "-u",
                System.getProperty("user.name", "root")));
        command.addAll(options);
        return command;
    }

    private static long answeringProcess(int port) throws IOException {
        return ask(port, "stats").stream()
                .filter(line -> line.startsWith("STAT pid "))
                .mapToLong(line -> Long.parseLong(line.substring("STAT pid ".length())))
                .findFirst()
                .orElse(-1);
    }

    /** {@code mn} answers after all that was asked before it, whatever that was. */
    private static List<String> ask(int port, String request) throws IOException {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), CALL_MILLIS);
            socket.setSoTimeout(CALL_MILLIS);
            socket.getOutputStream().write((request + "\r\nmn\r\n").getBytes(StandardCharsets.ISO_8859_1));
            List<String> lines = new ArrayList<>();
            Scanner reply = new Scanner(socket.getInputStream(), StandardCharsets.ISO_8859_1).useDelimiter("\r\n");
            while (reply.hasNext()) {
                String line = reply.next();
                if (line.equals("MN")) {
                    return lines;
                }
                lines.add(line);
            }
            throw new IOException("The server ended the connection after " + lines, reply.ioException());
        }
    }
}
