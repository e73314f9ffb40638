package dev.terrace.cache.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntFunction;

/** One server on one loopback port: started on a free one, kept over restarts. Not thread-safe. */
final class Server implements AutoCloseable {

    private static final int PORTS_TRIED = 5;
    private static final Duration START_LIMIT = Duration.ofSeconds(15);
    private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(5);

    private final ServerKind kind;
    private final IntFunction<List<String>> arguments;
    private final Probe probe;
    private int port;
    private ServerHost host;
    private boolean frozen;

    /** Asks whatever listens on a port who it is. */
    @FunctionalInterface
    interface Probe {

        /**
         * The process id of the server that answers, or -1 if it does not tell.
         *
         * @throws IOException if nothing answers yet
         */
        long answeringProcess(int port) throws IOException;
    }

    /** @param arguments what the server is started with, given its port */
    Server(ServerKind kind, IntFunction<List<String>> arguments, Probe probe) {
        this.kind = kind;
        this.arguments = arguments;
        this.probe = probe;
        List<String> failures = new ArrayList<>();
        for (int attempt = 0; attempt < PORTS_TRIED; attempt++) {
            int candidate = freePort();
            Optional<ServerHost> started = launch(candidate, failures);
            if (started.isPresent()) {
                this.port = candidate;
                this.host = started.get();
                return;
            }
        }
        throw new IllegalStateException(kind.binary() + " did not start: " + failures);
    }

    int port() {
        return port;
    }

    void freeze() {
        host.freeze();
        frozen = true;
    }

    void thaw() {
        host.thaw();
        frozen = false;
    }

    void kill() {
        host.kill();
        frozen = false;
    }

    /** Kills the server if it runs and starts an empty one on the same port. */
    void restart() {
        kill();
        List<String> failures = new ArrayList<>();
        for (int attempt = 0; attempt < PORTS_TRIED; attempt++) {
            Optional<ServerHost> started = launch(port, failures);
            if (started.isPresent()) {
                host = started.get();
                return;
            }
        }
        throw new IllegalStateException(kind.binary() + " did not start again on port " + port + ": " + failures);
    }

    @Override
    public void close() {
        if (frozen) {
            thaw();
        }
        kill();
    }

    /** Empty if another process took the port first, which the server's own process id tells. */
    private Optional<ServerHost> launch(int candidate, List<String> failures) {
        ServerHost starting = host(candidate);
        long deadline = System.nanoTime() + START_LIMIT.toNanos();
        String last = "";
        while (starting.isAlive() && System.nanoTime() < deadline) {
            try {
                long answering = probe.answeringProcess(candidate);
                if (answering == -1 || starting.pid() == -1 || answering == starting.pid()) {
                    return Optional.of(starting);
                }
                last = "answered by process " + answering;
            } catch (IOException notYet) {
                last = notYet.toString();
            }
            LockSupport.parkNanos(POLL_NANOS);
        }
        failures.add("port " + candidate + ": " + last + "; " + starting.output());
        starting.kill();
        return Optional.empty();
    }

    private ServerHost host(int candidate) {
        Optional<Path> executable = kind.executable();
        if (executable.isPresent()) {
            List<String> command = new ArrayList<>(List.of(executable.get().toString()));
            command.addAll(arguments.apply(candidate));
            return ServerProcess.start(command);
        }
        if (ServerContainer.canRun()) {
            List<String> command = new ArrayList<>(List.of(kind.binary()));
            command.addAll(arguments.apply(candidate));
            return ServerContainer.start(kind.image(), candidate, command);
        }
        throw kind.missing();
    }

    /** One that nothing listened on a moment ago. */
    static int freePort() {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
