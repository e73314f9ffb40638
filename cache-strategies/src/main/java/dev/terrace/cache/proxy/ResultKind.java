package dev.terrace.cache.proxy;

import java.io.InputStream;
import java.io.Reader;
import java.lang.reflect.Type;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import java.util.concurrent.Future;
import java.util.stream.BaseStream;
import org.jspecify.annotations.Nullable;

/**
 * How a method returns what is cached.
 *
 * @param later whether it returns a stage
 * @param optional whether what it, or its stage, gives is an optional
 * @param type the type of what it gives, without stage and optional
 */
record ResultKind(boolean later, boolean optional, Type type) {

    private static final List<Class<?>> ONLY_ONCE = List.of(
            BaseStream.class, Iterator.class, Future.class, Flow.Publisher.class, InputStream.class, Reader.class);

    /** @throws Mistake if the type cannot be returned by the wrapper */
    static ResultKind of(RepositoryMethod method) {
        Type type = method.returnType();
        Class<?> raw = method.types().rawClass(type);
        boolean later = CompletionStage.class.isAssignableFrom(raw);
        if (later) {
            RepositoryMethod.require(
                    raw.isAssignableFrom(CompletableFuture.class),
                    "returns " + raw.getSimpleName() + ": a stage is returned as CompletionStage or CompletableFuture");
            type = inner(method, type);
            raw = method.types().rawClass(type);
        }
        boolean optional = raw == Optional.class;
        if (optional) {
            type = inner(method, type);
        }
        return new ResultKind(later, optional, type);
    }

    /**
     * What many callers can be given.
     *
     * @throws Mistake if only one of them could use it
     */
    ResultKind shared(RepositoryMethod method) {
        Class<?> raw = method.types().rawClass(type);
        RepositoryMethod.require(
                ONLY_ONCE.stream().noneMatch(once -> once.isAssignableFrom(raw)),
                "returns " + raw.getSimpleName() + ", which only one caller can use: return a list, or a value");
        return this;
    }

    private static Type inner(RepositoryMethod method, Type type) {
        Type inner = method.types().argument(type, 0);
        return inner == null ? Object.class : inner;
    }

    /** The value in what the delegate returned, or its stage gave; null where there is none. */
    @Nullable
    Object unwrapped(@Nullable Object given) {
        return optional && given instanceof Optional<?> present ? present.orElse(null) : given;
    }

    /** A value as callers get it, without the stage. */
    @Nullable
    Object wrapped(@Nullable Object value) {
        return optional ? Optional.ofNullable(value) : value;
    }

    /** The stage that the delegate returned. */
    static CompletionStage<?> stage(RepositoryMethod method, @Nullable Object returned) {
        return (CompletionStage<?>) Objects.requireNonNull(
                returned, () -> method.name() + ": the delegate returned null instead of a stage");
    }
}
