package dev.terrace.cache;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A cache's tracer, which may throw whatever it likes; costs nothing where there is none. */
final class Tracing {

    private final String cacheName;
    private final @Nullable CacheTracer tracer;
    private final FailureReports failures;

    Tracing(String cacheName, @Nullable CacheTracer tracer, FailureReports failures) {
        this.cacheName = cacheName;
        this.tracer = tracer;
        this.failures = failures;
    }

    /** The task, to be run on another thread as if it were called from here. */
    Runnable carried(Runnable task) {
        if (tracer == null) {
            return task;
        }
        CacheTracer.Origin origin = origin(tracer);
        return () -> new Once(task).in(origin);
    }

    CacheTracer.Span load(boolean background) {
        return tracer == null ? CacheTracer.Span.NONE : span(() -> tracer.load(cacheName, background));
    }

    /** Far calls that are followed, and whose callers go on from where they called. */
    FarCalls around(FarCalls calls) {
        return tracer == null ? calls : new Traced(calls, this, tracer);
    }

    private CacheTracer.Origin origin(CacheTracer following) {
        try {
            return following.origin();
        } catch (Throwable thrown) {
            failures.report(FailureKind.LISTENER, thrown);
            return Runnable::run;
        }
    }

    private CacheTracer.Span span(Supplier<CacheTracer.Span> begun) {
        try {
            return new Guarded(begun.get(), failures);
        } catch (Throwable thrown) {
            failures.report(FailureKind.LISTENER, thrown);
            return CacheTracer.Span.NONE;
        }
    }

    /** A task that runs once, whether or not the tracer gets there. */
    private final class Once implements Runnable {

        private final Runnable task;
        private boolean ran;

        Once(Runnable task) {
            this.task = task;
        }

        void in(CacheTracer.Origin origin) {
            try {
                origin.run(this);
            } catch (Throwable thrown) {
                failures.report(FailureKind.LISTENER, thrown);
            }
            run();
        }

        @Override
        public void run() {
            if (!ran) {
                ran = true;
                task.run();
            }
        }
    }

    private record Guarded(CacheTracer.Span span, FailureReports failures) implements CacheTracer.Span {

        @Override
        public CacheTracer.Scope enter() {
            try {
                CacheTracer.Scope scope = span.enter();
                return () -> left(scope);
            } catch (Throwable thrown) {
                failures.report(FailureKind.LISTENER, thrown);
                return CacheTracer.Scope.NONE;
            }
        }

        private void left(CacheTracer.Scope scope) {
            try {
                scope.close();
            } catch (Throwable thrown) {
                failures.report(FailureKind.LISTENER, thrown);
            }
        }

        @Override
        public void end(@Nullable Throwable failure) {
            try {
                span.end(failure);
            } catch (Throwable thrown) {
                failures.report(FailureKind.LISTENER, thrown);
            }
        }
    }

    private record Traced(FarCalls delegate, Tracing tracing, CacheTracer tracer) implements FarCalls {

        @Override
        public <T> CompletableFuture<T> call(FarOperation operation, Supplier<? extends CompletionStage<T>> remote) {
            if (operation == FarOperation.PING) {
                return delegate.call(operation, remote);
            }
            CacheTracer.Origin origin = tracing.origin(tracer);
            CacheTracer.Span span = tracing.span(() -> tracer.farCall(tracing.cacheName, operation));
            CompletableFuture<T> answered = new CompletableFuture<>();
            CacheTracer.Scope scope = span.enter();
            try {
                delegate.call(operation, remote).whenComplete((answer, failure) -> {
                    span.end(Completions.unwrap(failure));
                    tracing.new Once(() -> Completions.complete(answered, answer, failure)).in(origin);
                });
            } finally {
                scope.close();
            }
            return answered;
        }

        @Override
        public String toString() {
            return "traced → " + delegate;
        }
    }
}
