package dev.terrace.cache.benchmarks;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * One line of a report.
 *
 * @param ours what was measured of ours, with its unit
 * @param raw what was measured of the raw client in the same run, with its unit
 * @param value what is held against the bar
 * @param bar the highest value that the requirements allow; null where they ask nothing
 */
record Figure(
        String what,
        String ours,
        String raw,
        Value value,
        @Nullable Double bar) {

    /**
     * A number, as the rounds gave it.
     *
     * @param best the same from the least disturbed iteration of each; null where nothing is timed
     * @param processor the same of processor time, all threads together; null where nothing is timed
     */
    record Value(
            Spread spread, @Nullable Double best, @Nullable Double processor, Unit unit) {
        Value(Spread spread, Unit unit) {
            this(spread, null, null, unit);
        }
    }

    /** Of a value and its bar. */
    enum Unit {
        /** Ours as a multiple of the raw client's. */
        MULTIPLE("%.2f×"),
        BYTES("%.3f B"),
        COUNT("%.0f"),
        MILLIS("%.1f ms");

        private final String format;

        Unit(String format) {
            this.format = format;
        }

        String of(double value) {
            return String.format(Locale.ROOT, format, value);
        }

        /** What background threads alone may add to a value. */
        private double grace() {
            return this == BYTES ? 0.5 : 0;
        }
    }

    String verdict() {
        if (bar == null) {
            return "";
        }
        return value.spread().median() <= bar + value.unit().grace() ? "ok" : "over";
    }

    private String cell(@Nullable Double number) {
        return number == null ? "" : value.unit().of(number);
    }

    String[] cells() {
        Unit unit = value.unit();
        Spread spread = value.spread();
        return new String[] {
            what,
            ours,
            raw,
            unit.of(spread.median()),
            "[" + unit.of(spread.low()) + " " + unit.of(spread.high()) + "]",
            cell(value.best()),
            cell(value.processor()),
            bar == null ? "" : "≤ " + unit.of(bar),
            verdict()
        };
    }
}
