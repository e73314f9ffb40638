package dev.terrace.cache.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.Meter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** {@code docs/metrics.md} is what the code says. {@code -Dterrace.docs.write=true} writes it anew. */
final class MetricsTableTest {

    private static final Path TABLE = Path.of("../docs/metrics.md");
    private static final Path SOURCES = Path.of("src/main/java/dev/terrace/cache/metrics");

    @Test
    void theTableOfMetersSaysWhatTheCodeDoes() throws IOException {
        String generated = table();
        if (Boolean.getBoolean("terrace.docs.write")) {
            Files.writeString(TABLE, generated);
        }
        assertThat(TABLE).content().isEqualTo(generated);
    }

    @Test
    void theJavadocNamesEveryMeterWithItsTags() throws IOException {
        String caches = Files.readString(SOURCES.resolve("MicrometerCacheListener.java"));
        String servers = Files.readString(SOURCES.resolve("ServerMeters.java"));
        for (CacheMeter meter : CacheMeter.values()) {
            assertThat(meter.id().startsWith("cache.server.") ? servers : caches)
                    .contains("<tr><td>{@code " + meter.id() + "}</td><td>" + CacheMeters.text(meter.type())
                            + "</td><td>" + meter.tags() + "</td>");
        }
    }

    private static String table() {
        StringBuilder table = new StringBuilder("""
            # Metrics

            Generated from the code, and checked by a test; another one compares the names with what a running example
            exposes.

            One call binds a cache, or all caches of a registry, those built later too:

            ```java
            Cache.builder("products").listener(new MicrometerCacheListener(registry))…
            caches.listen(new MicrometerCacheListener(registry));
            ```

            Closing a cache removes its meters. No key, value or tag of the application is ever a metric's tag. Reading the near
            tier costs nothing more: what a cache counts is read when the registry asks.

            A write-behind queue around a cache, and invalidation by events of elsewhere, tell the listener that they are given; give
            them the same one:

            ```java
            WriteBehind.around(cache, writer).listener(listener).tracer(tracer)…
            EventInvalidation.of(cache, source, mapping, listener);
            ```

            Locks, limiters, structures and pipelines are told to the same listener by a view of their connection; each call of theirs is
            then in `cache.commands`, and a failed one under `result="failure"`:

            ```java
            SharedRedis redis = tier.shared().withListener(listener);
            ```

            ## Caches

            | meter | in Prometheus | type | tags | what |
            |---|---|---|---|---|
            """);
        for (CacheMeter meter : CacheMeter.values()) {
            if (meter == CacheMeter.SERVER_HITS) {
                table.append("""

                    ## Servers

                    What the servers of far tiers count of themselves, by `ServerMeters.start(registry, RedisStatistics.of(…), interval)`
                    or `MemcachedStatistics.of(…)`.

                    | meter | in Prometheus | type | tags | what |
                    |---|---|---|---|---|
                    """);
            }
            table.append("| `%s` | `%s` | %s | %s | %s |\n"
                    .formatted(
                            meter.id(),
                            inPrometheus(meter),
                            CacheMeters.text(meter.type()),
                            meter.tags(),
                            meter.description()));
        }
        return table.append("""

            ## Traces

            `new MicrometerCacheTracer(observationRegistry)`, given to `CacheBuilder.tracer` and `WriteBehindBuilder.tracer`, observes
            calls of the loader (`cache.load`; `cache.refresh` where a value was served meanwhile), calls of the far tier (`cache.far`)
            and batches that are written behind (`cache.flush`). Their parent is the observation of the caller who caused them, on
            whatever thread they run. A batch has several: its parent is that of the put that waited longest, and its context,
            `MicrometerCacheTracer.Flush`, has all of them, for a handler whose traces have links.

            ## Health

            Make one `HealthCheck.of(caches)` and keep it: its `check()` says `UP`, `DEGRADED` or `DOWN`, with reasons, from counters alone: for a
            readiness probe. Loads that
            all failed are judged from the last that succeeded, or from a check before which nobody loaded.

            ## Queries

            Recording rules, alerts and a dashboard are in [dashboards](dashboards/README.md).
            """).toString();
    }

    private static String inPrometheus(CacheMeter meter) {
        String name = meter.id().replace('.', '_');
        if (meter.type() == Meter.Type.TIMER) {
            return name + "_seconds";
        }
        String unit = meter.unit();
        String withUnit = unit == null || name.endsWith(unit) ? name : name + "_" + unit;
        return meter.type() == Meter.Type.COUNTER ? withUnit + "_total" : withUnit;
    }
}
