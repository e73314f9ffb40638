package dev.terrace.cache;

import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiFunction;
import java.util.function.Supplier;
import org.jetbrains.lincheck.Lincheck;
import org.jetbrains.lincheck.LincheckAssertionError;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Explores the interleavings of readers and changes of one key on {@link Flights} and {@link Stripes}, by model checking:
 * between two changes at most one load, nothing from before a change after it, every reader answered. And with each rule of
 * the read path taken out, finds the interleaving that goes wrong. What runs inside is written as plain classes, since
 * Lincheck complains of those that lambdas become.
 */
final class FlightRacesTest {

    /** Enough for what goes wrong by two switches between threads; every refutation here is one. */
    private static final int FEW = 200;

    private static final String KEY = "key";
    private static final int OLD = 0;
    private static final int NEW = 1;

    @Test
    void readersOfAColdKeyShareOneLoad() {
        check(Node::new, 1, Act.READ, Act.READ);
    }

    @Test
    void aReadDuringAnInvalidationLeavesNoOldValueAndLoadsOnceOnEitherSide() {
        check(Node::new, 2, Act.READ, Act.INVALIDATE);
    }

    @Test
    void readersAroundAnInvalidationLoadOnceOnEitherSide() {
        check(Node::new, 2, Act.READ, Act.INVALIDATE, Act.READ);
    }

    @Test
    void whoReadsAfterItsInvalidationJoinsNoLoadFromBefore() {
        check(Node::new, 2, Act.READ, Act.INVALIDATE_AND_READ);
    }

    @Test
    void withoutTheOneFlightOfItsKeyEachReaderLoads() {
        refute(EachByItself::new, 1, Act.READ, Act.READ);
    }

    @Test
    void withoutASecondLookAReaderLoadsWhatAnotherHasJustLoaded() {
        refute(OneLook::new, 1, Act.READ, Act.READ);
    }

    @Test
    void withAnEndBeforeTheInsertAReaderLoadsWhatIsAboutToBeThere() {
        refute(EarlyEnd::new, 1, Act.READ, Act.READ);
    }

    @Test
    void withoutDetachingAReaderJoinsALoadFromBeforeItsInvalidation() {
        refute(NoDetaching::new, 2, Act.READ, Act.INVALIDATE_AND_READ);
    }

    @Test
    void withoutTheStampALoadFromBeforeStays() {
        refute(NoStamps::new, 2, Act.READ, Act.INVALIDATE);
    }

    private static void check(Supplier<Node> nodes, int mostLoads, Act... acts) {
        Lincheck.runConcurrentTest(FEW, new Race(nodes, mostLoads, acts));
    }

    private static void refute(Supplier<Node> nodes, int mostLoads, Act... acts) {
        assertThatExceptionOfType(LincheckAssertionError.class).isThrownBy(() -> check(nodes, mostLoads, acts));
    }

    private enum Act {
        READ,
        INVALIDATE,
        INVALIDATE_AND_READ
    }

    /**
     * Each act on a thread of its own, and a look at what they leave. The node is in a field of what was there before: one that
     * Lincheck takes for the business of a single thread is not explored.
     */
    private static final class Race implements Runnable {

        private final Supplier<Node> nodes;
        private final int mostLoads;
        private final Act[] acts;
        private volatile Node node;

        private Race(Supplier<Node> nodes, int mostLoads, Act... acts) {
            this.nodes = nodes;
            this.mostLoads = mostLoads;
            this.acts = acts;
            this.node = nodes.get();
        }

        @Override
        public void run() {
            node = nodes.get();
            Actor[] actors = new Actor[acts.length];
            Thread[] threads = new Thread[acts.length];
            for (int i = 0; i < acts.length; i++) {
                actors[i] = new Actor(this, acts[i]);
                threads[i] = new Thread(actors[i]);
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
            for (Actor actor : actors) {
                actor.verify();
            }
            node.verify(mostLoads);
        }
    }

    private static final class Actor implements Runnable {

        private final Race race;
        private final Act act;
        private volatile @Nullable CompletableFuture<Answer<Integer>> answer;

        private Actor(Race race, Act act) {
            this.race = race;
            this.act = act;
        }

        @Override
        public void run() {
            if (act != Act.READ) {
                race.node.invalidate();
            }
            if (act != Act.INVALIDATE) {
                answer = race.node.read();
            }
        }

        /** A load runs on the thread of the reader that began it, so that all are answered when these have ended. */
        private void verify() {
            CompletableFuture<Answer<Integer>> given = answer;
            if (given == null) {
                return;
            }
            if (!given.isDone()) {
                throw new IllegalStateException(act + " has no answer");
            }
            Entry<Integer> entry = given.join().entry();
            if (act == Act.INVALIDATE_AND_READ && (entry == null || !Objects.equals(entry.value, NEW))) {
                throw new IllegalStateException(
                        "read " + (entry == null ? null : entry.value) + " after the invalidation");
            }
        }
    }

    /** One key in a near tier, with its source, read and changed by the rules of the read and write paths. */
    private static class Node {

        final Flights<String, Integer> flights = new Flights<>();
        final Stripes stripes = new Stripes(1);
        final ConcurrentHashMap<String, Entry<Integer>> near = new ConcurrentHashMap<>();
        private final AtomicInteger source = new AtomicInteger(OLD);
        private final AtomicInteger loads = new AtomicInteger();

        final CompletableFuture<Answer<Integer>> read() {
            Entry<Integer> entry = near.get(KEY);
            if (entry != null) {
                return CompletableFuture.completedFuture(Answer.found(entry, Lookup.Tier.NEAR));
            }
            Flight<String, Integer> created = new Flight<>(
                    KEY, null, Flight.Purpose.READ, new Flight.Start<>(null, new Inline(), stripes.stamp(KEY), 0));
            Flight<String, Integer> standing = begin(created);
            if (standing != null) {
                return standing.answer;
            }
            Entry<Integer> meanwhile = lookAgain();
            if (meanwhile != null) {
                end(created, Answer.found(meanwhile, Lookup.Tier.NEAR));
            } else {
                load(created);
            }
            return created.answer;
        }

        private void load(Flight<String, Integer> flight) {
            loads.incrementAndGet();
            Entry<Integer> loaded = entry(source.get());
            store(flight, loaded);
        }

        void store(Flight<String, Integer> flight, Entry<Integer> loaded) {
            near.compute(KEY, new IfUnchanged(this, flight.stamp, loaded));
            end(flight, Answer.loaded(loaded));
        }

        final void end(Flight<String, Integer> flight, Answer<Integer> answer) {
            flights.ended(flight);
            flight.answer.complete(answer);
        }

        final void invalidate() {
            source.set(NEW);
            stripes.bump(KEY);
            near.remove(KEY);
            detach();
        }

        @Nullable
        Flight<String, Integer> begin(Flight<String, Integer> flight) {
            return flights.beginStanding(flight);
        }

        @Nullable
        Entry<Integer> lookAgain() {
            return near.get(KEY);
        }

        void detach() {
            flights.detach(KEY);
        }

        boolean mayStore(long stamp) {
            return stripes.unchanged(KEY, stamp);
        }

        private void verify(int mostLoads) {
            Entry<Integer> copy = near.get(KEY);
            if (loads.get() > mostLoads) {
                throw new IllegalStateException(loads + " loads");
            }
            if (copy != null && !Objects.equals(copy.value, source.get())) {
                throw new IllegalStateException("near has " + copy.value + ", the source has " + source);
            }
            if (flights.size() > 0) {
                throw new IllegalStateException("under way for good: " + flights);
            }
        }

        private static Entry<Integer> entry(int value) {
            return new Entry<>(
                    value,
                    new Entry.Life(Long.MAX_VALUE, Long.MAX_VALUE, Long.MAX_VALUE),
                    new Entry.Stamp(0, 0, 0),
                    Entry.Extra.NONE,
                    0);
        }
    }

    private static final class Inline implements LoadRunner {
        @Override
        public RunningLoad start(Runnable load) {
            throw new UnsupportedOperationException("loads run where they are begun");
        }
    }

    private static final class IfUnchanged
            implements BiFunction<String, @Nullable Entry<Integer>, @Nullable Entry<Integer>> {

        private final Node node;
        private final long stamp;
        private final Entry<Integer> entry;

        private IfUnchanged(Node node, long stamp, Entry<Integer> entry) {
            this.node = node;
            this.stamp = stamp;
            this.entry = entry;
        }

        @Override
        public @Nullable Entry<Integer> apply(String key, @Nullable Entry<Integer> present) {
            return node.mayStore(stamp) ? entry : present;
        }
    }

    private static final class EachByItself extends Node {
        @Override
        @Nullable
        Flight<String, Integer> begin(Flight<String, Integer> flight) {
            flights.beginApart(flight);
            return null;
        }
    }

    private static final class OneLook extends Node {
        @Override
        @Nullable
        Entry<Integer> lookAgain() {
            return null;
        }
    }

    private static final class EarlyEnd extends Node {
        @Override
        void store(Flight<String, Integer> flight, Entry<Integer> loaded) {
            end(flight, Answer.loaded(loaded));
            near.compute(KEY, new IfUnchanged(this, flight.stamp, loaded));
        }
    }

    private static final class NoDetaching extends Node {
        @Override
        void detach() {}
    }

    private static final class NoStamps extends Node {
        @Override
        boolean mayStore(long stamp) {
            return true;
        }
    }
}
