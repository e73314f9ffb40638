package dev.terrace.cache;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.concurrent.ThreadFactory;
import org.jspecify.annotations.Nullable;

/**
 * Virtual threads, where the JVM that runs us has them; we are compiled for one that has not. They keep nothing of the thread
 * that starts them, as {@link DaemonThreads} do not.
 */
final class VirtualThreads {

    private static final @Nullable MethodHandle IS_VIRTUAL = isVirtual();

    private VirtualThreads() {}

    private static @Nullable MethodHandle isVirtual() {
        try {
            return MethodHandles.publicLookup()
                    .findVirtual(Thread.class, "isVirtual", MethodType.methodType(boolean.class));
        } catch (ReflectiveOperationException before21) {
            return null;
        }
    }

    /** Whether this thread is a virtual one. */
    static boolean isHere() {
        try {
            return IS_VIRTUAL != null && (boolean) IS_VIRTUAL.invokeExact(Thread.currentThread());
        } catch (Throwable impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    /** Null before Java 21, also where they are a preview. */
    static @Nullable ThreadFactory factory(String prefix) {
        try {
            Object builder = Thread.class.getMethod("ofVirtual").invoke(null);
            Class<?> type = Class.forName("java.lang.Thread$Builder");
            type.getMethod("name", String.class, long.class).invoke(builder, prefix, 0L);
            type.getMethod("inheritInheritableThreadLocals", boolean.class).invoke(builder, false);
            ThreadFactory threads = (ThreadFactory) type.getMethod("factory").invoke(builder);
            return task -> {
                Thread thread = threads.newThread(task);
                thread.setContextClassLoader(VirtualThreads.class.getClassLoader());
                return thread;
            };
        } catch (ReflectiveOperationException before21) {
            return null;
        }
    }
}
