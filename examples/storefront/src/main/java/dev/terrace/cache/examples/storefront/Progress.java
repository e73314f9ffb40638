package dev.terrace.cache.examples.storefront;

import java.io.PrintStream;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Says what the demo is doing: on a terminal in one line that changes, elsewhere in a plain line now and then. For one thread.
 */
final class Progress {

    private static final long PLAIN_LINE_EVERY = TimeUnit.SECONDS.toNanos(5);

    private final PrintStream out;
    private final boolean terminal;
    private String step = "";
    private long lastPlainLine;

    Progress(PrintStream out, boolean terminal) {
        this.out = out;
        this.terminal = terminal;
    }

    /** Whether standard output is a terminal. */
    @SuppressWarnings("SystemConsoleNull")
    static boolean isTerminal() {
        // Newer JDKs have another console, which is there also without a terminal; this is the old one.
        System.setProperty("jdk.console", "java.base");
        return System.console() != null;
    }

    /** Begins a step of the demo. */
    void begin(String name) {
        step = name;
        lastPlainLine = System.nanoTime();
        if (terminal) {
            write(name, null);
        } else {
            out.println(name);
        }
    }

    /** Says how far the step is. */
    void show(String detail) {
        if (terminal) {
            write(step, detail);
        } else if (System.nanoTime() - lastPlainLine > PLAIN_LINE_EVERY) {
            lastPlainLine = System.nanoTime();
            out.println("  " + detail);
        }
    }

    /** Ends the last step: on a terminal its line goes away. */
    void end() {
        if (terminal) {
            out.print("\r\033[K");
            out.flush();
        }
    }

    private void write(String name, @Nullable String detail) {
        out.print("\r\033[K" + name + (detail == null ? "" : ": " + detail));
        out.flush();
    }
}
