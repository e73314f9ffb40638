package dev.terrace.cache;

import dev.terrace.cache.codec.Codec;
import dev.terrace.cache.codec.KeyCodec;
import dev.terrace.cache.spi.FarTier;
import dev.terrace.cache.spi.InvalidationBus;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** What a builder was told, complete and validated. Its text is the effective configuration, without secrets. */
record Settings<K, V>(
        String name,
        @Nullable NearSettings<K, V> near,
        @Nullable FarSettings<K, V> far,
        LifeSettings life,
        LoadSettings<K, V> loading,
        Watchers watchers) {

    record NearSettings<K, V>(
            Near<? super K, ? super V> bound, @Nullable UnaryOperator<V> copyOnRead) {

        @Override
        public String toString() {
            return "near[" + bound + (copyOnRead == null ? "" : ", copyOnRead") + "]";
        }
    }

    record FarSettings<K, V>(
            FarTier tier,
            Codec<V> codec,
            @Nullable KeyCodec<? super K> keyCodec,
            int maxValueBytes,
            Coherence coherence,
            FarBounds bounds) {

        @Override
        public String toString() {
            return "far[" + tier + ", codec=" + codec.id() + ", maxValueBytes=" + maxValueBytes + ", " + coherence
                    + ", " + bounds + "]";
        }
    }

    record Coherence(
            Duration maxStaleness,
            Duration serveWhileCutOff,
            @Nullable InvalidationBus bus) {
        @Override
        public String toString() {
            return "maxStaleness=" + maxStaleness + ", serveWhileCutOff=" + serveWhileCutOff
                    + (bus == null ? "" : ", bus=" + bus);
        }
    }

    record FarBounds(
            Duration budget, int maxConcurrentCalls, Duration leaseWait, int recoveryCapacity, WhenFarFails whenFails) {
        @Override
        public String toString() {
            return "farBudget=" + budget + ", maxConcurrentFarCalls=" + maxConcurrentCalls + ", leaseWait=" + leaseWait
                    + ", recoveryCapacity=" + recoveryCapacity + ", whenFarFails=" + whenFails;
        }
    }

    record LifeSettings(
            Duration fresh,
            Duration stale,
            @Nullable Duration negative,
            @Nullable Duration maxIdle,
            double jitter,
            EarlyRefresh earlyRefresh,
            Duration retryAfter) {
        @Override
        public String toString() {
            return "life[freshFor=" + fresh + ", staleFor=" + stale + ", negativeFor=" + negative + ", maxIdle="
                    + maxIdle + ", jitter=" + jitter + ", earlyRefresh=" + earlyRefresh + ", retryAfter=" + retryAfter
                    + "]";
        }
    }

    record LoadSettings<K, V>(
            @Nullable ContextualLoader<K, V> loader,
            @Nullable BulkLoader<K, V> bulkLoader,
            Deadlines deadlines,
            LoadThreads threads,
            boolean completeAbandoned) {
        @Override
        public String toString() {
            return "loads[" + (loader == null ? "no loader" : "loader") + (bulkLoader == null ? "" : ", bulkLoader")
                    + ", " + deadlines + ", " + threads + ", completeAbandonedLoads=" + completeAbandoned + "]";
        }
    }

    /** Those who are told, and change nothing. */
    record Watchers(List<CacheListener> listeners, @Nullable CacheTracer tracer) {}

    record Deadlines(Duration soft, Duration hard) {
        @Override
        public String toString() {
            return "softDeadline=" + soft + ", loadDeadline=" + hard;
        }
    }

    record LoadThreads(
            LoadOn loadOn,
            int maxConcurrent,
            int maxWaiting,
            @Nullable Executor executor,
            @Nullable ContextHook contextHook) {
        @Override
        public String toString() {
            return "loadOn=" + loadOn + ", maxConcurrentLoads=" + maxConcurrent + ", maxWaitingLoads=" + maxWaiting
                    + (executor == null ? "" : ", own executor") + (contextHook == null ? "" : ", contextHook");
        }
    }

    @Override
    public String toString() {
        return "cache " + name + ": " + (near == null ? "no near tier" : near) + ", "
                + (far == null ? "no far tier" : far) + ", " + life + ", " + loading;
    }
}
