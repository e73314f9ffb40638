package dev.terrace.cache.strategy;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.terrace.cache.Cache;
import dev.terrace.cache.CacheListener;
import dev.terrace.cache.EntryOptions;
import dev.terrace.cache.FailureKind;
import dev.terrace.cache.Near;
import dev.terrace.cache.codec.StringCodec;
import dev.terrace.cache.spi.InvalidationSource;
import dev.terrace.cache.testkit.FaultyFarTier;
import dev.terrace.cache.testkit.InMemoryFarTier;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** Events of change that become invalidations, and are acknowledged when those are. */
final class EventInvalidationTest {

    private record Changed(String key, String shop) {}

    private final Nodes nodes = new Nodes();
    private final ApplicationEvents<Changed> events = new ApplicationEvents<>();
    private final List<FailureKind> failures = new ArrayList<>();

    @AfterEach
    void close() throws Exception {
        nodes.close();
    }

    private EventInvalidation subscribed(Cache<String, String> cache) {
        return nodes.opened(EventInvalidation.of(
                cache,
                events,
                (event, changed) -> {
                    if (event.key().isEmpty()) {
                        throw new IllegalArgumentException("an event of an unknown kind");
                    }
                    if (event.key().equals("*")) {
                        changed.all();
                    } else {
                        changed.key(event.key()).tag("shop:" + event.shop());
                    }
                },
                new CacheListener() {
                    @Override
                    public void onFailure(String name, FailureKind kind, Throwable failure) {
                        failures.add(kind);
                    }
                }));
    }

    @Test
    void keysTagsAndEverythingGoAsTheEventsSay() {
        for (Cache<String, String> cache : List.of(nodes.nearOnly(), nodes.node())) {
            EventInvalidation subscription = subscribed(cache);
            assertThat(subscription.stats()).isEqualTo(new EventInvalidation.Stats(0, 0, 0, 0));
            cache.put("a", "1");
            cache.put("b", "1", EntryOptions.tags("shop:7"));
            cache.put("c", "1");
            assertThat(events.publish(new Changed("a", "7"))).isCompleted();
            assertThat(cache.getAllPresent(List.of("a", "b", "c"))).containsOnlyKeys("c");
            assertThat(events.publish(new Changed("*", ""))).isCompleted();
            assertThat(cache.getIfPresent("c")).isNull();
            assertThat(subscription.stats()).isEqualTo(new EventInvalidation.Stats(2, 0, 0, 0));
            subscription.close();
            cache.put("a", "1");
            events.publish(new Changed("a", "7")).join();
            assertThat(cache.getIfPresent("a")).isEqualTo("1");
        }
    }

    @Test
    void anEventIsNotAcknowledgedBeforeTheFarTierHas() {
        FaultyFarTier far = FaultyFarTier.around(new InMemoryFarTier(nodes.server));
        Cache<String, String> cache = nodes.opened(Cache.<String, String>builder("shared")
                .near(Near.maximumSize(100))
                .far(far, StringCodec.utf8())
                .freshFor(Duration.ofMinutes(1))
                .build());
        subscribed(cache);
        cache.put("a", "1");
        far.next(FaultyFarTier.Call.INVALIDATE, FaultyFarTier.Fault.fail());
        assertThat(events.publish(new Changed("a", "7"))).failsWithin(Duration.ofSeconds(20));
        assertThat(cache.getIfPresent("a")).isNull();
        assertThat(failures).containsExactly(FailureKind.INVALIDATION_SOURCE);
    }

    @Test
    void anEventThatIsNotUnderstoodIsReportedAndNotAcknowledged() {
        Cache<String, String> cache = nodes.nearOnly();
        subscribed(cache);
        cache.put("a", "1");
        assertThat(events.publish(new Changed("", ""))).isCompletedExceptionally();
        assertThat(failures).containsExactly(FailureKind.INVALIDATION_SOURCE);
        assertThat(cache.getIfPresent("a")).isEqualTo("1");
    }

    @Test
    void whatOneSubscriberThrowsKeepsNoOtherFromBeingTold() {
        events.subscribe("another", new InvalidationSource.Handler<>() {
            @Override
            public CompletionStage<?> changed(Changed event) {
                throw new AssertionError("a defect");
            }

            @Override
            public CompletionStage<?> missed() {
                throw new AssertionError("a defect");
            }
        });
        Cache<String, String> cache = nodes.nearOnly();
        subscribed(cache);
        cache.put("a", "1");
        assertThat(events.publish(new Changed("a", "7"))).isCompletedExceptionally();
        assertThat(cache.getIfPresent("a")).isNull();
    }

    @Test
    void aTagThatIsRefusedKeepsNoKeyFromBeingInvalidated() {
        Cache<String, String> cache = nodes.nearOnly();
        EventInvalidation subscription = subscribed(cache);
        cache.put("a", "1");
        assertThat(events.publish(new Changed("a", "7".repeat(300)))).isCompletedExceptionally();
        assertThat(cache.getIfPresent("a")).isNull();
        assertThat(failures).containsExactly(FailureKind.INVALIDATION_SOURCE);
        assertThat(subscription.stats().failed()).isEqualTo(1);
    }

    @Test
    void aListenerThatThrowsIsCountedAndChangesNothingElse() {
        Cache<String, String> cache = nodes.nearOnly();
        EventInvalidation subscription = nodes.opened(EventInvalidation.of(
                cache,
                events,
                (event, changed) -> {
                    if (event.key().isEmpty()) {
                        throw new IllegalArgumentException("an event of an unknown kind");
                    }
                    changed.key(event.key());
                },
                new CacheListener() {
                    @Override
                    public void onFailure(String name, FailureKind kind, Throwable failure) {
                        throw new IllegalStateException("a listener's own");
                    }
                }));
        cache.put("a", "1");
        assertThat(events.publish(new Changed("", "")))
                .failsWithin(Duration.ZERO)
                .withThrowableThat()
                .withMessageContaining("did not understand");
        assertThat(events.publish(new Changed("a", ""))).isCompleted();
        assertThat(cache.getIfPresent("a")).isNull();
        assertThat(subscription.stats()).isEqualTo(new EventInvalidation.Stats(1, 0, 1, 1));
    }

    @Test
    void aMappingThatThrowsAnErrorIsReportedAndTheSourceIsThrownNothing() {
        EventInvalidation subscription = nodes.opened(EventInvalidation.of(
                nodes.nearOnly(),
                events,
                (event, changed) -> {
                    throw new NoClassDefFoundError("as told");
                },
                new CacheListener() {
                    @Override
                    public void onFailure(String name, FailureKind kind, Throwable failure) {
                        failures.add(kind);
                    }
                }));
        assertThat(events.publish(new Changed("a", "7")))
                .failsWithin(Duration.ZERO)
                .withThrowableThat()
                .withMessageContaining("did not understand");
        assertThat(failures).containsExactly(FailureKind.INVALIDATION_SOURCE);
        assertThat(subscription.stats()).isEqualTo(new EventInvalidation.Stats(0, 0, 1, 0));
    }

    @Test
    void whatIsMissedIsCountedAndReportedWhereTheCacheIsClosed() {
        AtomicReference<InvalidationSource.Handler<? super Changed>> handler = new AtomicReference<>();
        InvalidationSource<Changed> source = (name, subscriber) -> {
            handler.set(subscriber);
            return () -> {};
        };
        Cache<String, String> cache = nodes.nearOnly();
        EventInvalidation subscription = nodes.opened(
                EventInvalidation.of(cache, source, (event, changed) -> changed.key(event.key()), new CacheListener() {
                    @Override
                    public void onFailure(String name, FailureKind kind, Throwable failure) {
                        failures.add(kind);
                    }
                }));
        cache.put("a", "1");
        assertThat(handler.get().missed().toCompletableFuture()).isCompleted();
        assertThat(cache.getIfPresent("a")).isNull();
        cache.close();
        assertThat(handler.get().missed().toCompletableFuture()).isCompletedExceptionally();
        assertThat(failures).containsExactly(FailureKind.INVALIDATION_SOURCE);
        assertThat(subscription.stats()).isEqualTo(new EventInvalidation.Stats(0, 2, 1, 0));
    }

    @Test
    void aSourceThatMissesAgainAndAgainDoesNotFloodTheLog() {
        Logger logger = (Logger) LoggerFactory.getLogger("dev.terrace.cache.strategy");
        ListAppender<ILoggingEvent> appender = new ListAppender<>();
        @Nullable Level level = logger.getLevel();
        logger.setLevel(Level.WARN);
        logger.setAdditive(false);
        logger.addAppender(appender);
        appender.start();
        try {
            AtomicReference<InvalidationSource.Handler<? super Changed>> handler = new AtomicReference<>();
            InvalidationSource<Changed> source = (name, subscriber) -> {
                handler.set(subscriber);
                return () -> {};
            };
            EventInvalidation subscription = nodes.opened(
                    EventInvalidation.of(nodes.nearOnly(), source, (event, changed) -> changed.key(event.key())));
            for (int i = 0; i < 100; i++) {
                assertThat(handler.get().missed().toCompletableFuture()).isCompleted();
            }
            assertThat(appender.list)
                    .singleElement()
                    .satisfies(
                            line -> assertThat(line.getFormattedMessage())
                                    .endsWith(
                                            "events of change were missed; everything is invalidated; 0 more since the last line"));
            assertThat(subscription.stats()).isEqualTo(new EventInvalidation.Stats(0, 100, 0, 0));
        } finally {
            logger.detachAppender(appender);
            logger.setAdditive(true);
            logger.setLevel(level);
        }
    }
}
