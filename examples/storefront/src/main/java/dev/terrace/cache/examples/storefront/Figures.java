package dev.terrace.cache.examples.storefront;

import java.time.Duration;
import java.util.Locale;

/** How figures are written. */
final class Figures {

    private static final double NANOS_PER_SECOND = 1e9;

    private Figures() {}

    static String count(long number) {
        return String.format(Locale.ROOT, "%,d", number);
    }

    static String percent(double share) {
        // Never rounded up to a hundred, and never down to nothing.
        double tenths = Math.rint(share * 1_000);
        double shown = share < 1 && tenths == 1_000 ? 999 : share > 0 && tenths == 0 ? 1 : tenths;
        return String.format(Locale.ROOT, "%.1f %%", shown / 10);
    }

    static String time(Duration time) {
        return time(time.toNanos());
    }

    /** A time with three digits or so, and the unit that suits it. */
    static String time(long nanos) {
        double seconds = nanos / NANOS_PER_SECOND;
        if (seconds >= 1) {
            return number(seconds) + " s";
        }
        if (seconds >= 1e-3) {
            return number(seconds * 1e3) + " ms";
        }
        return seconds >= 1e-6 ? number(seconds * 1e6) + " µs" : nanos + " ns";
    }

    private static String number(double number) {
        String format = number >= 100 || number == Math.rint(number) ? "%.0f" : number >= 10 ? "%.1f" : "%.2f";
        return String.format(Locale.ROOT, format, number);
    }
}
