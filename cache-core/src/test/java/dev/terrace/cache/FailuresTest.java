package dev.terrace.cache;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.spi.ILoggingEvent;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class FailuresTest {

    private final ManualTime time = new ManualTime();
    private final LogCapture log = new LogCapture();
    private final List<String> told = new ArrayList<>();
    private final Failures failures = new Failures("products", Listeners.of(listener()), time);

    @AfterEach
    void closeLog() {
        log.close();
    }

    @Test
    void aFailureIsCountedToldAndLogged() {
        failures.report(FailureKind.FAR_READ, new IllegalStateException("as told"));
        failures.report(FailureKind.DECODE, new IllegalArgumentException("also told"));
        failures.report(FailureKind.DECODE, new IllegalArgumentException("again"));

        assertThat(failures.counts()).isEqualTo(Map.of(FailureKind.FAR_READ, 1L, FailureKind.DECODE, 2L));
        assertThat(told)
                .containsExactly("products FAR_READ as told", "products DECODE also told", "products DECODE again");
        assertThat(log.lines())
                .containsExactly(
                        "WARN cache products: FAR_READ (java.lang.IllegalStateException: as told);"
                                + " 0 more since the last line",
                        "WARN cache products: DECODE (java.lang.IllegalArgumentException: also told);"
                                + " 0 more since the last line");
    }

    @Test
    void eachKindIsLoggedAtMostOnceInTenSecondsWithTheNumberOfTheOthers() {
        for (int i = 0; i < 1_000; i++) {
            failures.report(FailureKind.FAR_READ, new IllegalStateException("number " + i));
        }
        time.advance(FailureLog.QUIET.minusNanos(1));
        failures.report(FailureKind.FAR_READ, new IllegalStateException("too early"));
        assertThat(log.lines()).hasSize(1);

        time.advance(Duration.ofNanos(1));
        failures.report(FailureKind.FAR_READ, new IllegalStateException("in time"));

        assertThat(log.lines()).hasSize(2).last().asString().contains("in time", "1000 more since the last line");
        assertThat(failures.counts()).containsEntry(FailureKind.FAR_READ, 1_002L);
    }

    @Test
    void callsThatAnOpenBreakerPreventsAreCountedAndToldButNoNewsForTheLog() {
        failures.report(FailureKind.FAR_READ, FarUnavailableException.breakerOpen(null));
        failures.report(FailureKind.FAR_READ, FarUnavailableException.timedOut(Duration.ofMillis(100)));

        assertThat(failures.counts()).containsEntry(FailureKind.FAR_READ, 2L);
        assertThat(told).hasSize(2);
        assertThat(log.lines())
                .singleElement()
                .asString()
                .contains("No answer within farBudget PT0.1S", "1 more since the last line");
    }

    @Test
    void aLineIsOneLineOfBoundedLength() {
        failures.report(FailureKind.LOAD, new IllegalStateException("two\r\nlines " + "x".repeat(10_000)));

        assertThat(log.lines())
                .singleElement()
                .asString()
                .contains("two lines xxx", "…")
                .doesNotContain("\n")
                .hasSizeLessThan(500);
    }

    @Test
    void aFailureWithoutAMessageIsNamed() {
        failures.report(FailureKind.LOAD, new IllegalStateException());

        assertThat(log.lines()).singleElement().asString().contains("(java.lang.IllegalStateException);");
    }

    @Test
    void theStackIsForThoseWhoDebug() {
        assertThat(log.events()).isEmpty();
        failures.report(FailureKind.LOAD, new IllegalStateException("as told"));
        assertThat(log.events()).extracting(ILoggingEvent::getThrowableProxy).containsOnlyNulls();

        try (LogCapture debug = new LogCapture(Level.DEBUG)) {
            time.advance(FailureLog.QUIET);
            failures.report(FailureKind.LOAD, new IllegalStateException("as told"));

            assertThat(debug.events()).extracting(ILoggingEvent::getLevel).containsExactly(Level.WARN, Level.DEBUG);
            assertThat(debug.events().get(1).getThrowableProxy()).isNotNull();
        }
    }

    @Test
    void aListenerThatThrowsWhenToldOfAFailureIsCountedOnce() {
        Failures told = new Failures("products", Listeners.of(throwing()), time);

        told.report(FailureKind.FAR_READ, new IllegalStateException("as told"));

        assertThat(told.counts()).isEqualTo(Map.of(FailureKind.FAR_READ, 1L, FailureKind.LISTENER, 1L));
        assertThat(log.lines()).hasSize(2).last().asString().contains("LISTENER", "a listener's own");
    }

    @Test
    void aListenerThatThrowsWhateverItIsToldChangesNothing() {
        GuardedListener guarded = new GuardedListener(Listeners.of(throwing()), failures);

        guarded.onLoad("products", Duration.ZERO, null);
        guarded.onFarOperation("products", FarOperation.READ, Duration.ZERO, null);
        guarded.onStaleServed("products", CacheListener.StaleReason.LOAD_FAILED);
        guarded.onEviction("products", CacheListener.EvictionCause.SIZE);
        guarded.onFailure("products", FailureKind.LOAD, new IllegalStateException("as told"));
        guarded.onBreaker("products", CacheListener.BreakerState.OPEN);
        guarded.onRecovery("products", 1);
        guarded.onStoreWrite("products", 1, Duration.ZERO, Duration.ZERO, null);
        guarded.onPendingWrites("products", 1, Duration.ZERO);
        guarded.onDeadLetter("products", new IllegalStateException("as told"));

        assertThat(failures.counts()).isEqualTo(Map.of(FailureKind.LISTENER, 10L));
        assertThat(log.lines()).hasSize(1);
    }

    /** Every method throws an error, also those that the interface may get later. */
    private static CacheListener throwing() {
        return (CacheListener) java.lang.reflect.Proxy.newProxyInstance(
                FailuresTest.class.getClassLoader(),
                new Class<?>[] {CacheListener.class},
                (proxy, method, arguments) -> {
                    throw new AssertionError("a listener's own");
                });
    }

    private CacheListener listener() {
        return new CacheListener() {
            @Override
            public void onFailure(String cache, FailureKind kind, Throwable failure) {
                told.add(cache + " " + kind + " " + failure.getMessage());
            }
        };
    }
}
