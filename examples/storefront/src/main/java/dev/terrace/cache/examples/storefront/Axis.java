package dev.terrace.cache.examples.storefront;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * An axis of a plot.
 *
 * @param label what it shows, and in which unit
 * @param from the value at its begin
 * @param to the value at its end
 * @param ticks values that are marked
 */
record Axis(String label, double from, double to, List<Tick> ticks) {

    private static final int MOST_STEPS = 6;

    /** A marked value. */
    record Tick(double at, String text) {}

    /** From zero to this or somewhat more, in round steps. */
    static Axis upTo(String label, double most) {
        double step = roundStep(most);
        double end = Math.max(1, Math.ceil(most / step - 1e-9)) * step;
        return new Axis(label, 0, end, ticks(step, end));
    }

    /** From zero to exactly this, in round steps. */
    static Axis exactlyUpTo(String label, double most) {
        return new Axis(label, 0, most, ticks(roundStep(most), most));
    }

    /** Shares from none to all. */
    static Axis shares(String label) {
        List<Tick> ticks = new ArrayList<>();
        for (int quarter = 0; quarter <= 4; quarter++) {
            ticks.add(new Tick(quarter / 4.0, quarter * 25 + " %"));
        }
        return new Axis(label, 0, 1, ticks);
    }

    /** Times on a logarithmic axis, whole powers of ten: give it the logarithms of nanoseconds. */
    static Axis powersOfTen(String label, long leastNanos, long mostNanos) {
        int from = (int) Math.floor(Math.log10((double) Math.max(1, leastNanos)));
        int to = Math.max(from + 1, (int) Math.ceil(Math.log10((double) mostNanos)));
        List<Tick> ticks = new ArrayList<>();
        for (int power = from; power <= to; power++) {
            ticks.add(new Tick(power, Figures.time((long) Math.pow(10, power))));
        }
        return new Axis(label, from, to, ticks);
    }

    /** Percentiles, stretched towards a hundred: 90 % is at 1, 99 % at 2 and so on. */
    static Axis nines(String label, double most) {
        List<Tick> ticks = new ArrayList<>();
        ticks.add(new Tick(0, "0 %"));
        ticks.add(new Tick(-Math.log10(0.5), "50 %"));
        for (int nines = 1; nines <= most; nines++) {
            String percent = nines == 1 ? "90 %" : "99" + (nines > 2 ? "." + "9".repeat(nines - 2) : "") + " %";
            ticks.add(new Tick(nines, percent));
        }
        return new Axis(label, 0, most, ticks);
    }

    /** Where a value lies, 0 at the begin and 1 at the end. */
    double position(double value) {
        return (Math.min(Math.max(value, from), to) - from) / (to - from);
    }

    private static double roundStep(double most) {
        double power = Math.pow(10, Math.floor(Math.log10(Math.max(most, 1e-9) / MOST_STEPS)));
        for (double step : new double[] {1, 2, 5, 10}) {
            if (most / (step * power) <= MOST_STEPS) {
                return step * power;
            }
        }
        return 10 * power;
    }

    private static List<Tick> ticks(double step, double end) {
        List<Tick> ticks = new ArrayList<>();
        for (int i = 0; i * step <= end + step * 1e-6; i++) {
            ticks.add(new Tick(i * step, text(i * step)));
        }
        return ticks;
    }

    private static String text(double value) {
        if (value >= 10_000) {
            String thousands =
                    String.format(Locale.ROOT, "%,.1f", value / 1_000).replaceFirst("\\.0$", "");
            return thousands + "k";
        }
        return value == Math.rint(value) ? Figures.count((long) value) : String.format(Locale.ROOT, "%.1f", value);
    }
}
