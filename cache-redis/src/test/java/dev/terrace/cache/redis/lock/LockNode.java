package dev.terrace.cache.redis.lock;

import dev.terrace.cache.redis.RedisCallException;
import dev.terrace.cache.redis.RedisScript;
import dev.terrace.cache.redis.SharedRedis;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** A JVM of its own whose threads take a lock in turn and change something elsewhere that checks the fencing number. */
final class LockNode implements AutoCloseable {

    static final String LOCK = "fought-over";
    static final LockOptions OPTIONS = LockOptions.defaults().lease(Duration.ofSeconds(1));
    static final int THREADS = 8;

    /** What is guarded: refuses smaller numbers than it has seen, and notes who came with which. */
    private static final RedisScript CHANGE = RedisScript.of("""
            local known = redis.call('HGET', 'holders', ARGV[1])
            if known and known ~= ARGV[2] then
              redis.call('INCR', 'violations')
            end
            redis.call('HSET', 'holders', ARGV[1], ARGV[2])
            if tonumber(ARGV[1]) < tonumber(redis.call('GET', 'highest') or 0) then
              return {redis.call('INCR', 'stale')}
            end
            redis.call('SET', 'highest', ARGV[1])
            redis.call('RPUSH', 'accepted', ARGV[1])
            return {0}
            """);

    private final Process process;

    private LockNode(Process process) {
        this.process = process;
    }

    static LockNode start(String redis, String resource) {
        try {
            return new LockNode(new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "-XX:TieredStopAtLevel=1",
                            "-Xshare:auto",
                            "-Xmx128m",
                            "-cp",
                            System.getProperty("java.class.path"),
                            LockNode.class.getName(),
                            redis,
                            resource)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    void signal(String signal) {
        try {
            new ProcessBuilder("kill", signal, Long.toString(process.pid()))
                    .start()
                    .waitFor();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        process.destroyForcibly();
        try {
            process.waitFor(10, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    public static void main(String[] args) throws IOException {
        SharedRedis redis = SharedRedis.connect(args[0]);
        SharedRedis resource = SharedRedis.connect(args[1]);
        RedisLock lock = RedisLock.on(redis, LOCK, OPTIONS);
        for (int i = 0; i < THREADS; i++) {
            Thread thread = new Thread(() -> {
                while (true) {
                    takeTurn(lock, resource);
                }
            });
            thread.setDaemon(true);
            thread.start();
        }
        // Until whoever started it ends.
        System.in.read();
        System.exit(0);
    }

    private static void takeTurn(RedisLock lock, SharedRedis resource) {
        try (LockGrant grant = lock.acquire(Duration.ofSeconds(5)).await()) {
            String holder = ProcessHandle.current().pid() + ":"
                    + ThreadLocalRandom.current().nextLong();
            for (int i = 0; i < 3; i++) {
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(2));
                // Without looking whether it is still held: the resource must not depend on that.
                resource.run(
                                "test",
                                "change",
                                CHANGE,
                                List.of("resource"),
                                Long.toString(grant.fencingNumber()).getBytes(StandardCharsets.US_ASCII),
                                holder.getBytes(StandardCharsets.US_ASCII))
                        .await();
            }
        } catch (LockTimeoutException | RedisCallException e) {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(10));
        }
    }
}
