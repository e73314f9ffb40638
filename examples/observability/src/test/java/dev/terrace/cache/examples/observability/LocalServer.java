package dev.terrace.cache.examples.observability;

import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** An installed server with an HTTP interface, run privately on the loopback address; it ends with this JVM at the latest. */
final class LocalServer implements AutoCloseable {

    private static final Duration BOUND = Duration.ofSeconds(60);
    private static final HttpClient CLIENT = HttpClient.newHttpClient();

    private final Process process;
    private final Path directory;
    private final int port;
    private final Thread atExit = new Thread(this::kill);

    private LocalServer(Process process, Path directory, int port) {
        this.process = process;
        this.directory = directory;
        this.port = port;
        Runtime.getRuntime().addShutdownHook(atExit);
    }

    /** Where it keeps its files, and where it listens. */
    record Place(Path directory, int port) {}

    /**
     * Starts it, and waits until it answers.
     *
     * @param packages how to install it
     * @param answering a path that it answers when it is ready
     * @throws AssertionError if it is not installed: a test that is skipped proves nothing
     */
    static LocalServer start(
            String binary, String packages, Function<Place, List<String>> arguments, String answering) {
        Path executable = executable(binary)
                .orElseThrow(() -> new AssertionError(
                        "This test needs %s on the PATH. Install it: %s.".formatted(binary, packages)));
        try {
            Path directory = Files.createTempDirectory("terrace-" + binary + "-");
            int port = freePort();
            List<String> command = Stream.concat(
                            Stream.of(executable.toString()), arguments.apply(new Place(directory, port)).stream())
                    .toList();
            Process process = new ProcessBuilder(command)
                    .directory(directory.toFile())
                    .redirectErrorStream(true)
                    .redirectOutput(directory.resolve("output.log").toFile())
                    .start();
            LocalServer server = new LocalServer(process, directory, port);
            eventually(binary + " answers", () -> server.answers(answering));
            return server;
        } catch (IOException e) {
            throw new AssertionError(binary + " did not start", e);
        }
    }

    private static Optional<Path> executable(String binary) {
        String path = Optional.ofNullable(System.getenv("PATH")).orElse("");
        return Stream.of(path.split(Pattern.quote(File.pathSeparator), -1))
                .filter(directory -> !directory.isEmpty())
                .map(directory -> Path.of(directory, binary))
                .filter(Files::isExecutable)
                .findFirst();
    }

    static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private boolean answers(String path) {
        if (!process.isAlive()) {
            throw new AssertionError("it ended: " + output());
        }
        try {
            return send(HttpRequest.newBuilder(uri(path)).build()).statusCode() / 100 == 2;
        } catch (IOException notYet) {
            return false;
        }
    }

    private static HttpResponse<String> send(HttpRequest request) throws IOException {
        try {
            return CLIENT.send(request, BodyHandlers.ofString());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted", e);
        }
    }

    URI uri(String path) {
        return URI.create("http://127.0.0.1:" + port + path);
    }

    String get(String path) {
        try {
            HttpResponse<String> response = send(HttpRequest.newBuilder(uri(path))
                    .timeout(Duration.ofSeconds(20))
                    .build());
            if (response.statusCode() / 100 != 2) {
                throw new AssertionError(path + ": " + response.statusCode() + " " + response.body());
            }
            return response.body();
        } catch (IOException e) {
            throw new AssertionError(path, e);
        }
    }

    static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }

    private String output() {
        try {
            return Files.readString(directory.resolve("output.log"));
        } catch (IOException e) {
            return "(no output: " + e.getMessage() + ")";
        }
    }

    /** Waits, within a bound that a busy machine keeps. */
    static void eventually(String what, BooleanSupplier condition) {
        long start = System.nanoTime();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - start > BOUND.toNanos()) {
                throw new AssertionError("Not within " + BOUND + ": " + what);
            }
            LockSupport.parkNanos(100_000_000);
        }
    }

    private void kill() {
        process.destroyForcibly();
        try {
            process.waitFor(10, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        try (Stream<Path> files = Files.walk(directory)) {
            files.sorted(Comparator.reverseOrder())
                    .forEach(file -> file.toFile().delete());
        } catch (IOException leftBehind) {
            directory.toFile().deleteOnExit();
        }
    }

    @Override
    public void close() {
        Runtime.getRuntime().removeShutdownHook(atExit);
        kill();
    }
}
