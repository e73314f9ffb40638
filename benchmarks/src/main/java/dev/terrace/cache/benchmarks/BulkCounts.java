package dev.terrace.cache.benchmarks;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/** How many loads, and how many reads of the server's sockets, a bulk read of {@link BulkGet} costs. */
final class BulkCounts {

    private static final int TIMES = 21;
    private static final double LOADS_ALLOWED = 1;
    private static final double SERVER_READS_ALLOWED = 3;
    /** The second INFO itself. */
    private static final long OWN_READS = 1;

    private final List<Double> loads = new ArrayList<>();
    private final List<Double> serverReads = new ArrayList<>();

    private BulkCounts() {}

    static List<Figure> figures() {
        BulkCounts raw = ofLettuce();
        BulkCounts ours = ofTerrace();
        return List.of(
                figure("loads of a bulk read", ours.loads, raw.loads, LOADS_ALLOWED),
                figure("server reads of a bulk read", ours.serverReads, raw.serverReads, SERVER_READS_ALLOWED));
    }

    private static BulkCounts ofLettuce() {
        BulkGet benchmark = new BulkGet();
        BulkGet.Raw state = new BulkGet.Raw();
        state.fill();
        try {
            BulkGet.Cursor cursor = new BulkGet.Cursor();
            return count(() -> benchmark.lettuce(state, cursor), state.loads);
        } finally {
            state.close();
        }
    }

    private static BulkCounts ofTerrace() {
        BulkGet benchmark = new BulkGet();
        BulkGet.FarOnly state = new BulkGet.FarOnly();
        state.fill();
        try {
            BulkGet.Cursor cursor = new BulkGet.Cursor();
            return count(() -> benchmark.terrace(state, cursor), state.loads);
        } finally {
            state.close();
        }
    }

    private static BulkCounts count(Runnable read, AtomicLong loads) {
        BulkCounts counts = new BulkCounts();
        try (RawRedis redis = new RawRedis()) {
            for (int i = 0; i < TIMES; i++) {
                long loadsBefore = loads.get();
                long readsBefore = reads(redis);
                read.run();
                counts.serverReads.add((double) (reads(redis) - readsBefore - OWN_READS));
                counts.loads.add((double) (loads.get() - loadsBefore));
            }
        }
        return counts;
    }

    private static long reads(RawRedis redis) {
        return Long.parseLong(redis.info("stats", "total_reads_processed"));
    }

    private static Figure figure(String what, List<Double> ours, List<Double> raw, double allowed) {
        Spread oursSpread = Spread.of(ours);
        Figure.Unit unit = Figure.Unit.COUNT;
        return new Figure(
                what,
                unit.of(oursSpread.median()),
                unit.of(Spread.of(raw).median()),
                new Figure.Value(oursSpread, unit),
                allowed);
    }
}
