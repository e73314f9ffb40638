package dev.terrace.cache.strategy;

import dev.terrace.cache.CacheTracer;
import dev.terrace.cache.CacheTracer.Origin;
import dev.terrace.cache.CacheTracer.Scope;
import dev.terrace.cache.CacheTracer.Span;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A queue's tracer, which may throw whatever it likes; costs nothing where there is none. Thread-safe. */
final class QueueTracing {

    private final String name;
    private final @Nullable CacheTracer tracer;
    private final QueueReports reports;

    /** Writes a batch; returns why the store did not take all of it, or null. */
    @FunctionalInterface
    interface Flush {
        @Nullable
        Throwable run();
    }

    QueueTracing(String name, @Nullable CacheTracer tracer, QueueReports reports) {
        this.name = name;
        this.tracer = tracer;
        this.reports = reports;
    }

    /** Where the caller on this thread is; null where nobody follows it. */
    @Nullable
    Origin here() {
        CacheTracer following = tracer;
        if (following == null) {
            return null;
        }
        try {
            return following.origin();
        } catch (Throwable thrown) {
            reports.threw(thrown);
            return null;
        }
    }

    /**
     * Writes a batch.
     *
     * @param callers asked for where its operations were made, if anybody follows that
     */
    void flush(Supplier<List<Origin>> callers, Flush write) {
        CacheTracer following = tracer;
        if (following == null) {
            write.run();
            return;
        }
        Span span = guarded(() -> following.flush(name, callers.get()), Span.NONE);
        Scope scope = guarded(span::enter, Scope.NONE);
        Throwable failure = null;
        try {
            failure = write.run();
        } catch (Throwable defect) {
            failure = defect;
            throw defect;
        } finally {
            Throwable ended = failure;
            guarded(scope::close);
            guarded(() -> span.end(ended));
        }
    }

    private <T> T guarded(Supplier<T> asked, T otherwise) {
        try {
            return asked.get();
        } catch (Throwable thrown) {
            reports.threw(thrown);
            return otherwise;
        }
    }

    private void guarded(Runnable told) {
        try {
            told.run();
        } catch (Throwable thrown) {
            reports.threw(thrown);
        }
    }
}
