package dev.terrace.cache.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * A private Redis on a free loopback port: the installed {@code redis-server}, else a container where Docker runs, else an
 * {@link AssertionError} that says what to install. It keeps nothing on disk and ends with the JVM at the latest.
 *
 * <p>Every method is bounded and answers on the calling thread; thread-safe.
 */
public final class RedisServer implements AutoCloseable {

    private static final Duration CALL_LIMIT = Duration.ofSeconds(10);

    /** What Redis ends, it ends in the millisecond after. */
    private static final long PRECISION_NANOS = TimeUnit.MILLISECONDS.toNanos(2);

    private final Server server;
    private @Nullable String password;
    private @Nullable RespConnection connection;

    private RedisServer(IntFunction<List<String>> commandLine, @Nullable String password) {
        this.password = password;
        this.server = new Server(ServerKind.REDIS, commandLine, this::answeringProcess);
    }

    /**
     * Starts a server and waits until it answers.
     *
     * @param options as on the command line of {@code redis-server}, such as {@code "--requirepass", "secret"}
     */
    public static RedisServer start(String... options) {
        List<String> given = List.of(options);
        int requirepass = given.lastIndexOf("--requirepass");
        return new RedisServer(port -> commandLine(port, given), requirepass < 0 ? null : given.get(requirepass + 1));
    }

    /**
     * Starts a sentinel and waits until it answers.
     *
     * @param configuration lines of its configuration file besides its port
     */
    static RedisServer startSentinel(List<String> configuration) {
        return new RedisServer(port -> sentinelCommandLine(port, configuration), null);
    }

    public int port() {
        return server.port();
    }

    /** Where it is, without any password. */
    public String uri() {
        return "redis://127.0.0.1:" + port();
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
        disconnect();
    }

    /** Starts an empty server on the same port with the same options, after killing the one that may still run. */
    public synchronized void restart() {
        disconnect();
        server.restart();
    }

    /** Changes the password that clients need from now on; the empty string means none. */
    public synchronized void setPassword(String newPassword) {
        command("CONFIG", "SET", "requirepass", newPassword);
        password = newPassword.isEmpty() ? null : newPassword;
        disconnect();
    }

    /**
     * Sends one command over a connection of its own and returns the reply: null, {@code Long}, {@code String} for a status,
     * {@code byte[]} for a bulk string, {@code List} for an array.
     *
     * @param command strings, numbers or {@code byte[]}
     * @throws RedisError if the server answers an error
     */
    public synchronized @Nullable Object command(Object... command) {
        try {
            if (connection == null) {
                connection = connect(port());
            }
            return connection.call(command);
        } catch (IOException e) {
            disconnect();
            throw new UncheckedIOException(e);
        }
    }

    /** As {@link #command}, for a bulk reply that is text. */
    public String text(Object... command) {
        Object reply = Objects.requireNonNull(command(command), () -> Arrays.toString(command) + " answered nil");
        return new String((byte[]) reply, StandardCharsets.UTF_8);
    }

    /** A field of {@code INFO section}. */
    public String info(String section, String field) {
        return text("INFO", section)
                .lines()
                .filter(line -> line.startsWith(field + ":"))
                .map(line -> line.substring(field.length() + 1))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("No " + field + " in INFO " + section));
    }

    /** How often the server has read from a socket so far, this question included. */
    public long totalReads() {
        return Long.parseLong(info("stats", "total_reads_processed"));
    }

    /** The server's clock in microseconds. */
    public long micros() {
        if (!(command("TIME") instanceof List<?> time)) {
            throw new IllegalStateException("TIME answered no array");
        }
        return TimeUnit.SECONDS.toMicros(number(time.get(0))) + number(time.get(1));
    }

    /** Waits until that much time has passed, on the server too, which may be frozen meanwhile. */
    public static void awaitTime(Duration time) {
        long end = System.nanoTime() + time.toNanos() + PRECISION_NANOS;
        for (long left = end - System.nanoTime(); left > 0; left = end - System.nanoTime()) {
            LockSupport.parkNanos(left);
        }
    }

    @Override
    public synchronized void close() {
        disconnect();
        server.close();
    }

    /** Says the port, never the options. */
    @Override
    public String toString() {
        return "RedisServer[" + uri() + "]";
    }

    private static long number(@Nullable Object bulk) {
        return Long.parseLong(new String((byte[]) Objects.requireNonNull(bulk), StandardCharsets.US_ASCII));
    }

    private static List<String> commandLine(int port, List<String> options) {
        List<String> command = new ArrayList<>(List.of(
                "--port",
                Integer.toString(port),
                "--bind",
                ServerKind.REDIS.executable().isPresent() ? "127.0.0.1" : "0.0.0.0",
                "--save",
                "",
                "--appendonly",
                "no",
                "--daemonize",
                "no"));
        command.addAll(options);
        return command;
    }

    /** A sentinel insists on a file, which it writes what it learns to. */
    private static List<String> sentinelCommandLine(int port, List<String> configuration) {
        try {
            Path file = Files.createTempFile("terrace-sentinel-", ".conf");
            file.toFile().deleteOnExit();
            List<String> lines = new ArrayList<>(List.of("port " + port, "bind 127.0.0.1", "daemonize no"));
            lines.addAll(configuration);
            Files.write(file, lines);
            return List.of(file.toString(), "--sentinel");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private long answeringProcess(int port) throws IOException {
        try (RespConnection asking = connect(port)) {
            String info =
                    new String((byte[]) Objects.requireNonNull(asking.call("INFO", "server")), StandardCharsets.UTF_8);
            return info.lines()
                    .filter(line -> line.startsWith("process_id:"))
                    .mapToLong(line -> Long.parseLong(line.substring("process_id:".length())))
                    .findFirst()
                    .orElse(-1);
        } catch (RedisError e) {
            throw new IOException(e);
        }
    }

    private RespConnection connect(int port) throws IOException {
        RespConnection connecting = new RespConnection(port, CALL_LIMIT);
        if (password != null) {
            connecting.call("AUTH", password);
        }
        return connecting;
    }

    private void disconnect() {
        if (connection != null) {
            try {
                connection.close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            connection = null;
        }
    }
}
