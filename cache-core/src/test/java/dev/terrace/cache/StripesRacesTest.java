package dev.terrace.cache;

import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiFunction;
import java.util.function.Supplier;
import org.jetbrains.lincheck.Lincheck;
import org.jetbrains.lincheck.LincheckAssertionError;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Explores the interleavings of readers and writers of one key in a near and a far tier, by model checking; and with each
 * rule taken out, finds the one that goes wrong. What runs inside is written as plain classes, since Lincheck complains of
 * those that lambdas become.
 */
final class StripesRacesTest {

    /** Enough for what goes wrong by two switches between threads; every refutation here is one. */
    private static final int FEW = 200;

    private static final String KEY = "key";
    private static final int OLD = 0;

    @Test
    void aReadDuringAWriteLeavesNoOldValue() {
        check(FEW, Node::new, Act.WRITE_1, Act.READ);
    }

    @Test
    void aReadDuringAChangeElsewhereLeavesNoOldValue() {
        check(FEW, Node::new, Act.CHANGE_ELSEWHERE, Act.READ);
    }

    @Test
    void twoWritersLeaveWhatTheFarTierHas() {
        check(FEW, Node::new, Act.WRITE_1, Act.WRITE_2);
    }

    @Test
    void twoWritersAndAReaderLeaveWhatTheFarTierHas() {
        check(FEW, Node::new, Act.WRITE_1, Act.WRITE_2, Act.READ);
    }

    @Test
    void aWriterAndAChangeElsewhereLeaveWhatTheFarTierHas() {
        check(FEW, Node::new, Act.WRITE_1, Act.CHANGE_ELSEWHERE, Act.READ);
    }

    @Test
    void aLoadDuringAWriteThatStoresNearAtOnceDoesNotReplaceIt() {
        check(FEW, Node::new, Act.WRITE_NEAR, Act.READ);
        check(FEW, Begun::new, Act.FINISH_WRITE, Act.READ);
    }

    @Test
    void whoReadsAfterItsWriteHasReturnedSeesIt() {
        check(FEW, Node::new, Act.WRITE_AND_READ, Act.READ, Act.READ);
    }

    @Test
    void withoutTheStampAnOldValueStays() {
        refute(FEW, NoStamps::new, Act.CHANGE_ELSEWHERE, Act.READ);
    }

    @Test
    void withoutRegardToOtherWritersAnOldValueStays() {
        refute(FEW, BlindWriters::new, Act.WRITE_1, Act.WRITE_2);
    }

    @Test
    void withoutRegardToAWriteUnderWayALoadReplacesIt() {
        refute(FEW, BlindLoads::new, Act.FINISH_WRITE, Act.READ);
    }

    private static void check(int invocations, Supplier<Node> nodes, Act... acts) {
        Lincheck.runConcurrentTest(invocations, new Race(nodes, acts));
    }

    private static void refute(int invocations, Supplier<Node> nodes, Act... acts) {
        assertThatExceptionOfType(LincheckAssertionError.class).isThrownBy(() -> check(invocations, nodes, acts));
    }

    /**
     * Each act on a thread of its own, and a look at what they leave. The node is in a field of what was there before: one that
     * Lincheck takes for the business of a single thread is not explored.
     */
    private static final class Race implements Runnable {

        private final Supplier<Node> nodes;
        private final Act[] acts;
        private volatile Node node;

        private Race(Supplier<Node> nodes, Act... acts) {
            this.nodes = nodes;
            this.acts = acts;
            this.node = nodes.get();
        }

        @Override
        public void run() {
            node = nodes.get();
            Thread[] threads = new Thread[acts.length];
            for (int i = 0; i < acts.length; i++) {
                threads[i] = new Thread(new Actor(this, acts[i]));
            }
            for (Thread thread : threads) {
                thread.start();
            }
            try {
                for (Thread thread : threads) {
                    thread.join();
                }
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            node.verify();
        }
    }

    private enum Act {
        READ,
        WRITE_1,
        WRITE_2,
        WRITE_NEAR,
        FINISH_WRITE,
        WRITE_AND_READ,
        CHANGE_ELSEWHERE
    }

    private static final class Actor implements Runnable {

        private final Race race;
        private final Act act;

        private Actor(Race race, Act act) {
            this.race = race;
            this.act = act;
        }

        @Override
        public void run() {
            Node node = race.node;
            switch (act) {
                case READ -> node.read();
                case WRITE_1 -> node.write(1);
                case WRITE_2 -> node.write(2);
                case WRITE_NEAR -> node.writeNear(3);
                case FINISH_WRITE -> node.finishWrite(3);
                case WRITE_AND_READ -> node.writeAndRead(4);
                case CHANGE_ELSEWHERE -> node.changeElsewhere(5);
            }
        }
    }

    /** One key in two tiers, read and changed by the rules of the read and write paths. */
    private static class Node {

        final Stripes stripes = new Stripes(1);
        private final ConcurrentHashMap<String, Integer> near = new ConcurrentHashMap<>();
        private final AtomicInteger far = new AtomicInteger(OLD);
        private volatile boolean sawWhatWasBefore;

        int read() {
            Integer copy = near.get(KEY);
            if (copy != null) {
                return copy;
            }
            long stamp = stripes.stamp(KEY);
            int value = far.get();
            near.compute(KEY, new IfUnchanged(this, stamp, value));
            return value;
        }

        void write(int value) {
            long begun = stripes.beginWrite(KEY);
            near.remove(KEY);
            far.set(value);
            long stamp = endWrite(begun);
            near.remove(KEY);
            if (stamp != Stripes.CHANGED) {
                near.compute(KEY, new IfUnchanged(this, stamp, value));
            }
        }

        /** As where nothing is far: what is far here is the source then. */
        void writeNear(int value) {
            finishWrite(stripes.beginWrite(KEY), value);
        }

        void finishWrite(int value) {
            throw new UnsupportedOperationException("no write has begun");
        }

        final void finishWrite(long begun, int value) {
            far.set(value);
            near.put(KEY, value);
            stripes.endWrite(KEY, begun);
        }

        void writeAndRead(int value) {
            write(value);
            sawWhatWasBefore = read() != value;
        }

        void changeElsewhere(int value) {
            far.set(value);
            stripes.bump(KEY);
            near.remove(KEY);
        }

        long endWrite(long begun) {
            return stripes.endWrite(KEY, begun);
        }

        boolean mayStore(long stamp) {
            return stripes.unchanged(KEY, stamp);
        }

        private void verify() {
            Integer copy = near.get(KEY);
            if (sawWhatWasBefore || (copy != null && copy != far.get())) {
                throw new IllegalStateException("near has " + copy + ", far has " + far.get());
            }
        }
    }

    private static final class IfUnchanged implements BiFunction<String, @Nullable Integer, @Nullable Integer> {

        private final Node node;
        private final long stamp;
        private final Integer value;

        private IfUnchanged(Node node, long stamp, Integer value) {
            this.node = node;
            this.stamp = stamp;
            this.value = value;
        }

        @Override
        public @Nullable Integer apply(String key, @Nullable Integer present) {
            return node.mayStore(stamp) ? value : present;
        }
    }

    private static final class NoStamps extends Node {
        @Override
        boolean mayStore(long stamp) {
            return true;
        }
    }

    private static final class BlindWriters extends Node {
        @Override
        long endWrite(long begun) {
            stripes.endWrite(KEY, begun);
            return stripes.stamp(KEY);
        }
    }

    /** A write that is under way before anybody reads, which spares the exploration a switch. */
    private static class Begun extends Node {

        private final long begun = stripes.beginWrite(KEY);

        @Override
        void finishWrite(int value) {
            finishWrite(begun, value);
        }
    }

    private static final class BlindLoads extends Begun {
        @Override
        boolean mayStore(long stamp) {
            return stripes.stamp(KEY) == stamp;
        }
    }
}
