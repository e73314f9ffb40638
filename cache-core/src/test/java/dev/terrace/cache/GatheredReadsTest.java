package dev.terrace.cache;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terrace.cache.spi.FarReading;
import dev.terrace.cache.spi.FarRecord;
import dev.terrace.cache.spi.FarStore;
import dev.terrace.cache.spi.FarStore.PutRequest;
import dev.terrace.cache.spi.RecordDraft;
import dev.terrace.cache.testkit.FaultyFarTier;
import dev.terrace.cache.testkit.FaultyFarTier.Call;
import dev.terrace.cache.testkit.FaultyFarTier.Fault;
import dev.terrace.cache.testkit.FaultyFarTier.Gate;
import dev.terrace.cache.testkit.InMemoryFarTier;
import dev.terrace.cache.testkit.InMemoryServer;
import dev.terrace.cache.testkit.OwnThread;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

final class GatheredReadsTest {

    private static final Duration BUDGET = Duration.ofMillis(100);
    private static final int AT_ONCE = 8;

    private final ManualTime time = new ManualTime();
    private final FaultyFarTier tier =
            FaultyFarTier.around(new InMemoryFarTier(new InMemoryServer(() -> System.nanoTime() / 1_000)));
    private final FarStore store = tier.open("products", BUDGET);
    private final GatheredReads reads = new GatheredReads(store::read, time, BUDGET.toNanos());

    private void stored(String key, int bytes) {
        RecordDraft draft = new RecordDraft(
                1,
                FarRecord.NO_SOURCE_VERSION,
                0,
                new RecordDraft.Lifetime(Duration.ofMinutes(1), Duration.ofMinutes(2)),
                FarRecord.Attributes.NONE,
                new FarRecord.Content(FarRecord.State.VALUE, 0, null, ByteBuffer.wrap(value(key, bytes))));
        assertThat(store.put(List.of(new PutRequest(key, draft))).toCompletableFuture())
                .isCompleted();
    }

    private static byte[] value(String key, int bytes) {
        return (key + "-")
                .repeat(bytes / (key.length() + 1) + 1)
                .substring(0, bytes)
                .getBytes(UTF_8);
    }

    private CompletableFuture<List<FarReading>> asked(String key) {
        return reads.read(List.of(key)).toCompletableFuture();
    }

    private List<CompletableFuture<List<FarReading>>> asked(int from, int to) {
        return IntStream.range(from, to).mapToObj(i -> asked("k" + i)).toList();
    }

    private int sent() {
        return tier.count(Call.READ);
    }

    private static String said(CompletableFuture<List<FarReading>> reading) {
        assertThat(reading).isCompleted();
        FarReading one = reading.join().get(0);
        return one instanceof FarReading.Found found
                ? UTF_8.decode(found.record().content().payload().duplicate()).toString()
                : "nothing";
    }

    private static void assertEachHasItsOwn(List<CompletableFuture<List<FarReading>>> all, int from, int bytes) {
        for (int i = 0; i < all.size(); i++) {
            assertThat(said(all.get(i))).isEqualTo(new String(value("k" + (from + i), bytes), UTF_8));
        }
    }

    @Test
    void aReadIsSentAtOnceWhileFewAreUnderWay() {
        tier.always(Call.READ, Fault.delayReply(new Gate()));
        asked(0, AT_ONCE);
        assertThat(sent()).isEqualTo(AT_ONCE);
    }

    @Test
    void readsThatComeMeanwhileGoTogetherWithTheNextAnswer() {
        IntStream.range(0, 40).forEach(i -> stored("k" + i, 20));
        Gate gate = new Gate();
        tier.always(Call.READ, Fault.delayReply(gate));
        List<CompletableFuture<List<FarReading>>> first = asked(0, AT_ONCE);
        List<CompletableFuture<List<FarReading>>> meanwhile = asked(AT_ONCE, 16);
        assertThat(sent()).isEqualTo(AT_ONCE);
        tier.heal();
        gate.open();
        assertEachHasItsOwn(first, 0, 20);
        assertEachHasItsOwn(meanwhile, AT_ONCE, 20);
        assertThat(sent()).isEqualTo(AT_ONCE + 1);
        assertThat(said(asked("k39"))).startsWith("k39-");
    }

    @Test
    void whoAsksForTheSameKeyIsGivenTheSameReading() {
        stored("k", 20);
        Gate gate = new Gate();
        tier.always(Call.READ, Fault.delayReply(gate));
        asked(0, AT_ONCE);
        List<CompletableFuture<List<FarReading>>> same = List.of(asked("k"), asked("none"), asked("k"));
        tier.heal();
        gate.open();
        assertThat(same)
                .extracting(GatheredReadsTest::said)
                .containsExactly("k-k-k-k-k-k-k-k-k-k-", "nothing", "k-k-k-k-k-k-k-k-k-k-");
    }

    @Test
    void aFailureReachesAllWhoWentTogether() {
        Gate gate = new Gate();
        IntStream.range(0, AT_ONCE).forEach(i -> tier.next(Call.READ, Fault.delayReply(gate)));
        tier.next(Call.READ, Fault.fail());
        asked(0, AT_ONCE);
        List<CompletableFuture<List<FarReading>>> meanwhile = asked(AT_ONCE, 12);
        gate.open();
        assertThat(meanwhile).allSatisfy(one -> assertThat(one).isCompletedExceptionally());
        assertThat(said(asked("k1"))).isEqualTo("nothing");
    }

    @Test
    void whatIsNeverAnsweredHoldsNobodyUpForLongerThanTheBudget() {
        tier.always(Call.READ, Fault.hang());
        asked(0, AT_ONCE);
        CompletableFuture<List<FarReading>> left = asked("left");
        assertThat(sent()).isEqualTo(AT_ONCE);
        tier.heal();
        time.advance(BUDGET.plusMillis(1));
        assertThat(said(asked("k1"))).isEqualTo("nothing");
        // Its caller was given up long ago.
        assertThatThrownBy(() -> left.get(0, TimeUnit.SECONDS))
                .isInstanceOf(ExecutionException.class)
                .hasCauseInstanceOf(TimeoutException.class);
    }

    @Test
    void anAnswerThatComesLateTakesNobodysPlace() {
        Gate late = new Gate();
        tier.always(Call.READ, Fault.delayReply(late));
        asked(0, AT_ONCE);
        time.advance(BUDGET.plusMillis(1));
        tier.always(Call.READ, Fault.delayReply(new Gate()));
        asked(AT_ONCE, 2 * AT_ONCE);
        assertThat(sent()).isEqualTo(2 * AT_ONCE);
        late.open();
        asked("k");
        assertThat(sent()).isEqualTo(2 * AT_ONCE);
    }

    @Test
    void largeValuesAreNotGathered() {
        IntStream.range(0, 40).forEach(i -> stored("k" + i, 100_000));
        asked(0, AT_ONCE);
        int before = sent();
        tier.always(Call.READ, Fault.delayReply(new Gate()));
        asked(0, 30);
        assertThat(sent()).isEqualTo(before + 30);
    }

    @Test
    void smallValuesAreGatheredAgainAfterLargeOnes() {
        stored("large", 100_000);
        IntStream.range(0, 8).forEach(i -> asked("large"));
        stored("small", 10);
        IntStream.range(0, 100).forEach(i -> asked("small"));
        int before = sent();
        tier.always(Call.READ, Fault.delayReply(new Gate()));
        IntStream.range(0, 30).forEach(i -> asked("small"));
        assertThat(sent()).isEqualTo(before + AT_ONCE);
    }

    @Test
    void aBatchHoldsSoManyKeysAtMost() {
        IntStream.range(0, 500).forEach(i -> stored("k" + i, 20));
        asked(0, 100);
        int before = sent();
        Gate gate = new Gate();
        IntStream.range(0, AT_ONCE).forEach(i -> tier.next(Call.READ, Fault.delayReply(gate)));
        List<CompletableFuture<List<FarReading>>> all = asked(0, AT_ONCE + 3 * 64);
        gate.open();
        assertEachHasItsOwn(all, 0, 20);
        assertThat(sent()).isEqualTo(before + AT_ONCE + 3);
    }

    @Test
    void nobodyIsForgottenWhereAnswersAndQuestionsRace() throws Exception {
        IntStream.range(0, 64).forEach(i -> stored("k" + i, 20));
        Gate[] gates = IntStream.range(0, 4_000).mapToObj(i -> new Gate()).toArray(Gate[]::new);
        for (Gate gate : gates) {
            tier.next(Call.READ, Fault.delayReply(gate));
        }
        CompletableFuture<Void> answering = OwnThread.run(() -> {
            for (Gate gate : gates) {
                gate.open();
            }
        });
        List<CompletableFuture<Void>> asking = new ArrayList<>();
        for (int thread = 0; thread < 16; thread++) {
            int own = thread;
            asking.add(OwnThread.run(() -> {
                for (int i = 0; i < 1_000; i++) {
                    String key = "k" + (i * 7 + own) % 64;
                    CompletableFuture<List<FarReading>> reading = asked(key);
                    reading.orTimeout(30, TimeUnit.SECONDS).join();
                    assertThat(said(reading)).startsWith(key + "-");
                }
            }));
        }
        CompletableFuture.allOf(asking.toArray(CompletableFuture[]::new)).get(60, TimeUnit.SECONDS);
        answering.get(60, TimeUnit.SECONDS);
    }
}
