package dev.terrace.cache.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/** A server as a process of this machine, with a private directory; ends with this JVM at the latest. */
final class ServerProcess implements ServerHost {

    private static final long KILL_SECONDS = 10;
    private static final Set<ServerProcess> RUNNING = ConcurrentHashMap.newKeySet();

    private static final ReentrantLock STARTING = new ReentrantLock();
    private static boolean isOver; // guarded by STARTING

    static {
        Runtime.getRuntime().addShutdownHook(new Thread(ServerProcess::killAll, "terrace-test-servers"));
    }

    private final Process process;
    private final Path directory;
    private final Path output;

    private ServerProcess(Process process, Path directory, Path output) {
        this.process = process;
        this.directory = directory;
        this.output = output;
    }

    /** None begins after this. */
    private static void killAll() {
        STARTING.lock();
        try {
            isOver = true;
        } finally {
            STARTING.unlock();
        }
        RUNNING.forEach(ServerProcess::kill);
    }

    static ServerProcess start(List<String> command) {
        STARTING.lock();
        try {
            if (isOver) {
                throw new IllegalStateException("the JVM ends");
            }
            Path directory = Files.createTempDirectory("terrace-server-");
            Path output = directory.resolve("output.log");
            Process process = new ProcessBuilder(command)
                    .directory(directory.toFile())
                    .redirectErrorStream(true)
                    .redirectOutput(output.toFile())
                    .start();
            ServerProcess server = new ServerProcess(process, directory, output);
            RUNNING.add(server);
            return server;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            STARTING.unlock();
        }
    }

    @Override
    public long pid() {
        return process.pid();
    }

    @Override
    public boolean isAlive() {
        return process.isAlive();
    }

    @Override
    public void freeze() {
        signal("-STOP");
        Path threads = Path.of("/proc", Long.toString(process.pid()), "task");
        if (Files.isDirectory(threads)) {
            // The signal stops a process of several threads a little after it was sent.
            Polling.until("process " + process.pid() + " has stopped", () -> isStopped(threads));
        }
    }

    private static boolean isStopped(Path threads) throws IOException {
        try (var each = Files.list(threads)) {
            for (Path thread : each.toList()) {
                String status = Files.readString(thread.resolve("stat"));
                // The state follows the name, which stands in parentheses and may contain anything.
                if (status.charAt(status.lastIndexOf(')') + 2) != 'T') {
                    return false;
                }
            }
        }
        return true;
    }

    @Override
    public void thaw() {
        signal("-CONT");
    }

    @Override
    public void kill() {
        RUNNING.remove(this);
        process.destroyForcibly();
        try {
            if (!process.waitFor(KILL_SECONDS, TimeUnit.SECONDS)) {
                throw new IllegalStateException("Process " + process.pid() + " survives SIGKILL");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        deleteDirectory();
    }

    @Override
    public String output() {
        try {
            return Files.exists(output) ? Files.readString(output) : "";
        } catch (IOException e) {
            return "(output cannot be read: " + e.getMessage() + ")";
        }
    }

    private void signal(String signal) {
        try {
            Process kill = new ProcessBuilder("kill", signal, Long.toString(process.pid()))
                    .redirectErrorStream(true)
                    .start();
            String said = new String(kill.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (kill.waitFor() != 0) {
                throw new IllegalStateException("kill " + signal + " " + process.pid() + ": " + said);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("Interrupted while sending " + signal, e);
        }
    }

    private void deleteDirectory() {
        Path[] files = {};
        try (var listing = Files.list(directory)) {
            files = listing.toArray(Path[]::new);
        } catch (IOException alreadyGone) {
            return;
        }
        Arrays.stream(files).forEach(ServerProcess::delete);
        delete(directory);
    }

    private static void delete(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            file.toFile().deleteOnExit();
        }
    }
}
