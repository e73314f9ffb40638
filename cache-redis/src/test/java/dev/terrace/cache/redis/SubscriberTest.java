package dev.terrace.cache.redis;

import static org.assertj.core.api.Assertions.assertThat;

import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;
import io.lettuce.core.pubsub.StatefulRedisPubSubConnection;
import java.lang.reflect.Proxy;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** How often a connection for channels is tried for that cannot be had. */
final class SubscriberTest {

    private static final int LISTENERS = 50;

    private final Refusing wire = new Refusing();
    private final Subscriber subscriber = new Subscriber(wire, new UntoldFailures());

    @Test
    void whoeverListensMeanwhileMakesNoAttemptOfItsOwn() {
        for (int i = 0; i < LISTENERS; i++) {
            subscriber.listen("channel" + i, message -> {}, () -> {});
        }

        assertThat(wire.dialed).isEqualTo(1);
        for (int attempt = 2; attempt < 5; attempt++) {
            wire.pass();
            assertThat(wire.dialed).isEqualTo(attempt);
        }
    }

    /** To where nobody can connect; time passes when a test says so. */
    private static final class Refusing implements Wire {

        private final Queue<Runnable> waiting = new ArrayDeque<>();
        private int dialed;

        /** One pause ends. */
        void pass() {
            List<Runnable> due = List.copyOf(waiting);
            waiting.clear();
            due.forEach(Runnable::run);
        }

        @Override
        public String server() {
            return "nowhere";
        }

        @Override
        public CompletionStage<? extends StatefulRedisPubSubConnection<String, byte[]>> dialPubSub() {
            dialed++;
            return CompletableFuture.failedFuture(new IllegalStateException("refused"));
        }

        @Override
        public ScheduledExecutorService timer() {
            return (ScheduledExecutorService) Proxy.newProxyInstance(
                    ScheduledExecutorService.class.getClassLoader(),
                    new Class<?>[] {ScheduledExecutorService.class},
                    (proxy, method, arguments) -> {
                        assertThat(method.getName()).isEqualTo("schedule");
                        waiting.add((Runnable) arguments[0]);
                        return null;
                    });
        }

        @Override
        public <T> CompletionStage<T> call(
                long valueBytes,
                Function<? super RedisClusterAsyncCommands<String, byte[]>, ? extends CompletionStage<T>> operation) {
            throw new AssertionError();
        }

        @Override
        public List<CompletableFuture<List<Object>>> batch(List<Pipeline.Entry> entries) {
            throw new AssertionError();
        }

        @Override
        public CompletionStage<BooleanSupplier> identify(StatefulRedisPubSubConnection<String, byte[]> connection) {
            throw new AssertionError();
        }

        @Override
        public void leave(String reason) {
            throw new AssertionError();
        }

        @Override
        public void close() {}
    }
}
