package dev.terrace.cache;

import java.util.ArrayList;
import java.util.List;

/** The source of truth: rows whose numbers rise with every change, and what each of them was at any moment. */
final class SimulatedSource {

    private final SimulatedTime time;
    private final List<List<Row>> rows = new ArrayList<>();
    private long changes;

    /** @param present whether there is a row, or it was deleted */
    record Row(long since, long number, boolean present) {

        /** Tags that a value of this row has; they change with it. */
        List<String> tags(int key) {
            return switch ((int) (number % 4)) {
                case 0 -> List.of();
                case 1 -> List.of(keyTag(key));
                default -> List.of(keyTag(key), "third" + number % 3);
            };
        }
    }

    static String keyTag(int key) {
        return "half" + key % 2;
    }

    SimulatedSource(SimulatedTime time, int keys) {
        this.time = time;
        for (int key = 0; key < keys; key++) {
            rows.add(new ArrayList<>(List.of(new Row(0, ++changes, true))));
        }
    }

    Row change(int key, boolean present) {
        Row row = new Row(time.nanos(), ++changes, present);
        rows.get(key).add(row);
        return row;
    }

    Row now(int key) {
        return at(key, time.nanos());
    }

    Row at(int key, long when) {
        List<Row> history = rows.get(key);
        int i = history.size() - 1;
        while (history.get(i).since() > when) {
            i--;
        }
        return history.get(i);
    }
}
