package dev.terrace.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.terrace.cache.codec.StringCodec;
import dev.terrace.cache.testkit.FaultyFarTier.Call;
import dev.terrace.cache.testkit.FaultyFarTier.Fault;
import dev.terrace.cache.testkit.FaultyFarTier.Gate;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What the application gave throws where nobody expects it. */
final class BrokenLoadsTest {

    private final Fleet fleet = new Fleet();
    private final Fleet.Node other = fleet.node();
    private boolean broken;

    @AfterEach
    void close() {
        fleet.close();
    }

    private String copied(String value) {
        if (broken && value.equals("uncopyable")) {
            throw new IllegalStateException("cannot copy");
        }
        return value;
    }

    private static final class Unspeakable extends RuntimeException {
        private static final long serialVersionUID = 1;

        @Override
        public String getMessage() {
            throw new IllegalStateException("no message");
        }
    }

    @Test
    void aValueThatCannotBeCopiedLeavesNoLease() {
        Fleet.Node node = fleet.node(builder -> builder.copyOnRead(this::copied));
        fleet.rows.put(1, "uncopyable");
        broken = true;
        CompletableFuture<String> value = node.async().get(1);
        node.runLoads();
        assertThat(value).failsWithin(Duration.ZERO).withThrowableThat().withMessageContaining("cannot copy");

        assertThat(other.read(1)).as("loaded at once").isEqualTo("uncopyable");
        assertThat(other.cache.stats().far().leasesBusy()).isZero();
    }

    @Test
    void aValueThatCannotBeCopiedFailsNoneOfThoseLoadedWithIt() {
        Fleet.Node node = fleet.node(builder -> builder.copyOnRead(this::copied)
                .bulkLoader(keys -> new TreeMap<>(Map.of(1, "a", 2, "uncopyable", 3, "c"))));
        fleet.rows.put(2, "uncopyable");
        broken = true;
        CompletableFuture<String> third = new CompletableFuture<>();
        CompletableFuture<?> all = node.async().getAll(List.of(1, 2, 3));
        node.async().get(3).thenAccept(third::complete);
        node.runLoads();

        assertThat(all).failsWithin(Duration.ZERO).withThrowableThat().withMessageContaining("cannot copy");
        assertThat(third).isCompletedWithValue("c");
        assertThat(node.async().get(1)).isCompletedWithValue("a");
        assertThat(node.engine().flights().size()).isZero();
        assertThat(other.read(2)).isEqualTo("uncopyable");
        assertThat(other.cache.stats().far().leasesBusy()).isZero();
    }

    @Test
    void aFailureThatCannotSayWhatItIsEndsAllFlights() {
        Fleet.Node node =
                fleet.node(builder -> builder.staleFor(Duration.ofHours(1)).bulkLoader(keys -> {
                    if (broken) {
                        throw new Unspeakable();
                    }
                    return Map.of(1, "a", 2, "b", 3, "c");
                }));
        node.async().getAll(List.of(1, 2, 3));
        node.runLoads();
        fleet.time.advance(Fleet.FRESH.plusSeconds(1));
        broken = true;
        try (LogCapture log = new LogCapture()) {
            assertThat(node.async().getAll(List.of(1, 2, 3))).as("stale").isCompleted();
            node.runLoads();
            assertThat(log.lines()).singleElement().asString().contains("Unspeakable", "IllegalStateException");
        }

        assertThat(node.engine().flights().size()).isZero();
        assertThat(node.cache.stats().failures()).containsEntry(FailureKind.LOAD, 3L);
    }

    @Test
    void anExecutorThatThrowsEndsTheFlight() {
        Fleet.Node node = fleet.node(builder -> builder.parts().loads = load -> {
            throw new OutOfMemoryError("unable to create native thread");
        });

        assertThat(node.async().get(1))
                .failsWithin(Duration.ZERO)
                .withThrowableThat()
                .withCauseInstanceOf(OutOfMemoryError.class);
        assertThat(node.engine().flights().size()).isZero();
        assertThat(other.read(1)).isNull();
        assertThat(other.cache.stats().far().leasesBusy()).isZero();
    }

    @Test
    void aBulkLoaderThatGivesNoMapIsToldOfWithItsCache() {
        Fleet.Node node = fleet.node(builder -> builder.bulkLoader(keys -> null));
        CompletableFuture<?> all = node.async().getAll(List.of(1, 2));
        node.runLoads();
        assertThat(all)
                .failsWithin(Duration.ZERO)
                .withThrowableThat()
                .withMessageContaining("cache \"fleet\": the bulk loader returned null instead of a map");
    }

    @Test
    void aKeyThatHasNoStandardTextIsToldOfWithItsCache() {
        try (Cache<Object, String> cache = Cache.<Object, String>builder("named")
                .far(fleet.node().far, StringCodec.utf8())
                .freshFor(Fleet.FRESH)
                .build()) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> cache.getIfPresent(1.5))
                    .withMessageStartingWith("cache \"named\": java.lang.Double has no standard text");
        }
    }

    @Test
    void aWriteThatIsNotTriedIsCountedAndReported() {
        Fleet.Node node = fleet.node();
        node.far.always(Call.INVALIDATE, Fault.fail());
        node.cache.invalidate(1);
        long before = node.cache.stats().failures().get(FailureKind.FAR_WRITE);

        assertThat(node.cache.putIfAbsent(1, "a")).isFalse();

        assertThat(node.cache.stats().failures()).containsEntry(FailureKind.FAR_WRITE, before + 1);
        assertThat(node.async().putIfAbsent(1, "a"))
                .failsWithin(Duration.ZERO)
                .withThrowableThat()
                .withCauseInstanceOf(FarWriteException.class);
    }

    /** The call was answered, so that it is no failed call. */
    @Test
    void aWriteThatArrivesLateIsCountedAndReported() {
        Fleet.Node node = fleet.node();
        Gate gate = new Gate();
        node.far.next(Call.PUT, Fault.delayRequest(gate));
        CompletableFuture<Void> put = node.async().put(1, "a");
        fleet.clockSet += Fleet.BUDGET.multipliedBy(10).toNanos() / 1_000;
        gate.open();

        assertThat(put).isCompletedExceptionally();
        assertThat(node.cache.stats().failures()).containsEntry(FailureKind.FAR_WRITE, 1L);
    }
}
