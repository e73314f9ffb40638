package dev.terrace.cache;

import java.util.concurrent.Executor;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.DoubleSupplier;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** Time, threads and chance, as tests replace them; null stands for the shared real ones. */
final class EngineParts {

    @Nullable
    Ticker ticker;

    @Nullable
    Scheduler scheduler;

    /** Runs loads in place of the cache's threads. */
    @Nullable
    LoadRunner loads;

    /** Completes futures of callers that do not block, in place of the cache's threads. */
    @Nullable
    Executor callbacks;

    DoubleSupplier chance = () -> ThreadLocalRandom.current().nextDouble();
    LongSupplier writeIds = () -> ThreadLocalRandom.current().nextLong();
    int stripes = Defaults.STRIPES;
}
