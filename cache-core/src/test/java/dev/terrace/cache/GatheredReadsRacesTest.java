package dev.terrace.cache;

import dev.terrace.cache.spi.FarReading;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.jetbrains.lincheck.Lincheck;
import org.junit.jupiter.api.Test;

/**
 * Explores, by model checking, the interleavings of an answer and of a question that finds no place free: it is sent on the place that the answer leaves, however late the other answers are. What runs inside is written as plain classes, since Lincheck complains of those that lambdas become.
 */
final class GatheredReadsRacesTest {

    private static final int FEW = 100;
    private static final int AT_ONCE = 8;

    @Test
    void whoAsksWhileAnAnswerComesNeedsNoOther() {
        Lincheck.runConcurrentTest(FEW, new Race());
    }

    private static final class Race implements Runnable {

        /** In a field of what was there before: one that Lincheck takes for the business of a single thread is not explored. */
        private volatile GatheredReads reads = new GatheredReads(new Far(), new Standstill(), 1);

        @Override
        public void run() {
            Far far = new Far();
            reads = new GatheredReads(far, new Standstill(), 1);
            for (int i = 0; i < AT_ONCE; i++) {
                reads.read(List.of("under way " + i));
            }
            Asking question = new Asking(this);
            Thread asking = new Thread(question);
            Thread answering = new Thread(far);
            asking.start();
            answering.start();
            join(asking);
            join(answering);
            if (far.sent.get() != AT_ONCE + 1) {
                throw new AssertionError("forgotten");
            }
        }

        private static void join(Thread thread) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        }
    }

    private static final class Asking implements Runnable {

        private final Race race;

        private Asking(Race race) {
            this.race = race;
        }

        @Override
        public void run() {
            race.reads.read(List.of("asked"));
        }
    }

    /** Has nothing, and says so of the first that it was asked for. */
    private static final class Far implements Function<List<String>, CompletionStage<List<FarReading>>>, Runnable {

        private final CompletableFuture<List<FarReading>> first = new CompletableFuture<>();
        private final AtomicInteger sent = new AtomicInteger();

        @Override
        public CompletionStage<List<FarReading>> apply(List<String> keys) {
            return sent.getAndIncrement() == 0 ? first : new CompletableFuture<>();
        }

        @Override
        public void run() {
            first.complete(List.of(FarReading.ABSENT));
        }
    }

    private static final class Standstill implements Ticker {
        @Override
        public long nanos() {
            return 1;
        }
    }
}
