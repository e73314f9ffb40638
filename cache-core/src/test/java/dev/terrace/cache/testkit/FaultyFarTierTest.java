package dev.terrace.cache.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrace.cache.spi.FarReading;
import dev.terrace.cache.spi.FarRecord;
import dev.terrace.cache.spi.FarRecord.Attributes;
import dev.terrace.cache.spi.FarRecord.Content;
import dev.terrace.cache.spi.FarStore;
import dev.terrace.cache.spi.FarStore.FarLease;
import dev.terrace.cache.spi.FarStore.FillReply;
import dev.terrace.cache.spi.FarStore.FillRequest;
import dev.terrace.cache.spi.FarStore.LeaseReply;
import dev.terrace.cache.spi.FarStore.LeaseRequest;
import dev.terrace.cache.spi.FarStore.PutRequest;
import dev.terrace.cache.spi.FarStore.WriteReply;
import dev.terrace.cache.spi.FarTier;
import dev.terrace.cache.spi.RecordDraft;
import dev.terrace.cache.spi.RecordDraft.Lifetime;
import dev.terrace.cache.testkit.FaultyFarTier.Call;
import dev.terrace.cache.testkit.FaultyFarTier.Fault;
import dev.terrace.cache.testkit.FaultyFarTier.Gate;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** Without a fault it is a far tier as any other; with one, what the fault says happens. */
final class FaultyFarTierTest extends InMemoryFarTierTest {

    private static final Duration BUDGET = Duration.ofMillis(100);

    private final FaultyFarTier faulty = FaultyFarTier.around(new InMemoryFarTier(server));
    private final FarStore store = faulty.open("faulty", BUDGET);

    @Override
    protected FarTier newTier() {
        return FaultyFarTier.around(super.newTier());
    }

    @Test
    void aFailingCallFailsAndIsNotApplied() {
        faulty.next(Call.PUT, Fault.fail());
        assertThat(put()).isCompletedExceptionally();
        assertThat(isStored()).isFalse();
        assertThat(put()).isCompleted();
        assertThat(isStored()).isTrue();
        assertThat(faulty.count(Call.PUT)).isEqualTo(2);
    }

    @Test
    void aHangingCallIsNeitherAppliedNorAnswered() {
        faulty.always(Fault.hang());
        CompletableFuture<?> hanging = put();
        faulty.heal();
        assertThat(hanging).isNotDone();
        assertThat(isStored()).isFalse();
    }

    @Test
    void aDroppedReplyIsOfACallThatWasApplied() {
        faulty.always(Call.PUT, Fault.dropReply());
        assertThat(put()).isNotDone();
        assertThat(isStored()).isTrue();
    }

    @Test
    void aDelayedReplyIsOfACallThatWasApplied() {
        Gate gate = new Gate();
        faulty.next(Call.PUT, Fault.delayReply(gate));
        CompletableFuture<List<WriteReply>> put = put();
        assertThat(put).isNotDone();
        assertThat(isStored()).isTrue();
        advance(BUDGET.multipliedBy(2));
        gate.open();
        assertThat(put.join().get(0)).isInstanceOf(WriteReply.Stored.class);
    }

    @Test
    void aDelayedRequestIsAppliedWhenItArrivesInTime() {
        Gate gate = new Gate();
        faulty.next(Call.PUT, Fault.delayRequest(gate));
        CompletableFuture<List<WriteReply>> put = put();
        assertThat(isStored()).isFalse();
        assertThat(gate.waiting()).isEqualTo(1);
        gate.open();
        assertThat(put.join().get(0)).isInstanceOf(WriteReply.Stored.class);
        assertThat(isStored()).isTrue();
    }

    @Test
    void aRequestDelayedPastItsDeadlineIsLate() {
        FarLease lease = ((LeaseReply.Granted)
                        store.lease(List.of(new LeaseRequest("k", FarReading.ABSENT)), Duration.ofMinutes(1))
                                .toCompletableFuture()
                                .join()
                                .get(0))
                .lease();
        Gate gate = new Gate();
        faulty.always(Fault.delayRequest(gate));
        CompletableFuture<List<WriteReply>> put = put();
        CompletableFuture<List<FillReply>> filled =
                store.fill(List.of(new FillRequest(lease, draft()))).toCompletableFuture();
        CompletableFuture<WriteReply> expired = store.expire("k", 1).toCompletableFuture();
        CompletableFuture<?> raised = store.raiseMarkers(List.of("a"), BUDGET).toCompletableFuture();
        CompletableFuture<List<FarReading>> read = store.read(List.of("k")).toCompletableFuture();
        advance(BUDGET.multipliedBy(2));
        gate.open();

        assertThat(put.join()).containsExactly(new WriteReply.Late());
        assertThat(filled.join()).containsExactly(new FillReply.Refused());
        assertThat(expired.join()).isEqualTo(new WriteReply.Late());
        assertThat(raised).isCompletedExceptionally();
        assertThat(read.join()).containsExactly(FarReading.ABSENT);
    }

    @Test
    void aGateLetsThroughInOrderAndStaysOpen() {
        Gate gate = new Gate();
        StringBuilder order = new StringBuilder();
        gate.pass(() -> {
            order.append('a');
            gate.pass(() -> order.append('c'));
        });
        gate.pass(() -> order.append('b'));
        gate.open();
        gate.pass(() -> order.append('d'));
        assertThat(order.toString()).isEqualTo("abcd");
    }

    private CompletableFuture<List<WriteReply>> put() {
        return store.put(List.of(new PutRequest("k", draft()))).toCompletableFuture();
    }

    /** As another node sees it. */
    private boolean isStored() {
        FarStore other = new InMemoryFarTier(server).open("faulty", BUDGET);
        return !other.read(List.of("k")).toCompletableFuture().join().get(0).equals(FarReading.ABSENT);
    }

    private static RecordDraft draft() {
        return new RecordDraft(
                1,
                FarRecord.NO_SOURCE_VERSION,
                0,
                new Lifetime(Duration.ofMinutes(1), Duration.ZERO),
                Attributes.NONE,
                Content.ofNull(null));
    }
}
