package dev.terrace.cache.redis;

import dev.terrace.cache.Cache;
import dev.terrace.cache.EntryOptions;
import dev.terrace.cache.Lookup;
import dev.terrace.cache.Near;
import dev.terrace.cache.codec.StringCodec;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** A node in a JVM of its own whose wall clock is shifted, and which does what it is told over its standard input. */
final class ShiftedNode implements AutoCloseable {

    private static final String PROGRAM = "faketime";
    private static final int END_SECONDS = 10;

    private final Process process;
    private final BufferedWriter commands;
    private final BufferedReader answers;

    private ShiftedNode(Process process) {
        this.process = process;
        this.commands = new BufferedWriter(new OutputStreamWriter(process.getOutputStream(), StandardCharsets.UTF_8));
        this.answers = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    }

    /**
     * Starts a node.
     *
     * @param shift such as {@code +15m}
     */
    static ShiftedNode start(String shift, String redis) {
        requireProgram();
        List<String> command = new ArrayList<>(List.of(
                PROGRAM,
                "--exclude-monotonic",
                "-f",
                shift,
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                ShiftedNode.class.getName(),
                redis));
        ProcessBuilder builder = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
        // Else timed waits on the monotonic clock return at once.
        builder.environment().put("FAKETIME_FORCE_MONOTONIC_FIX", "0");
        try {
            return new ShiftedNode(builder.start());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void requireProgram() {
        boolean found = Stream.of(System.getenv("PATH").split(File.pathSeparator))
                .anyMatch(directory -> Files.isExecutable(Path.of(directory, PROGRAM)));
        if (!found) {
            throw new AssertionError(
                    "This test needs faketime on the PATH. Install it (apt-get install faketime; brew install libfaketime).");
        }
    }

    /** Does a command and returns its answer. */
    String ask(String... command) {
        try {
            commands.write(String.join("\t", command));
            commands.newLine();
            commands.flush();
            String answer = answers.readLine();
            if (answer == null) {
                throw new AssertionError("the shifted node ended at " + Arrays.toString(command));
            }
            return answer;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() throws IOException {
        commands.close();
        process.onExit()
                .completeOnTimeout(process, END_SECONDS, TimeUnit.SECONDS)
                .join();
        process.destroyForcibly();
    }

    /** The cache of each node: its near copies are compared with the far tier at nearly every read. */
    static Cache<String, String> cache(RedisFarTier far) {
        return Cache.<String, String>builder("x18")
                .near(Near.maximumSize(1_000))
                .far(far, StringCodec.utf8())
                .farBudget(Duration.ofSeconds(10))
                .maxStaleness(Duration.ofMillis(10))
                .freshFor(Duration.ofMinutes(10))
                .jitter(0)
                .build();
    }

    /** What a command does, here or there. */
    static String done(Cache<String, String> cache, String... command) {
        switch (command[0]) {
            case "clock" -> {
                return Long.toString(System.currentTimeMillis());
            }
            case "put" ->
                cache.put(
                        command[1],
                        command[2],
                        EntryOptions.freshFor(Duration.ofMillis(Long.parseLong(command[3])))
                                .withTags("tag"));
            case "invalidate" -> cache.invalidate(command[1]);
            case "invalidateTag" -> cache.invalidateTag("tag");
            case "clear" -> cache.clear();
            case "get" -> {
                return String.valueOf(cache.getIfPresent(command[1]));
            }
            case "freshFor" -> {
                return Long.toString(cache.lookup(command[1]).freshFor().toMillis());
            }
            case "age" -> {
                Lookup<String> found = cache.lookup(command[1]);
                return found.isPresent() ? Long.toString(found.age().toMillis()) : "absent";
            }
            default -> throw new IllegalArgumentException(command[0]);
        }
        return "done";
    }

    public static void main(String[] args) throws IOException {
        try (RedisFarTier far = RedisFarTier.connect(args[0]);
                Cache<String, String> cache = cache(far);
                BufferedReader commands =
                        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            for (String line = commands.readLine(); line != null; line = commands.readLine()) {
                System.out.println(done(cache, line.split("\t")));
            }
        }
    }
}
