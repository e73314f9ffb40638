package dev.terrace.cache.strategy;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.terrace.cache.CacheListener;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

final class QueueReportsTest {

    private final Logger logger = (Logger) LoggerFactory.getLogger("dev.terrace.cache.strategy");
    private final @Nullable Level level = logger.getLevel();
    private final ListAppender<ILoggingEvent> appender = new ListAppender<>();
    private final AtomicLong nanoTime = new AtomicLong();
    private final QueueReports reports = new QueueReports(
            "carts", CacheListener.NONE, () -> {}, () -> new QueueReports.State(0, Duration.ZERO), nanoTime::get);

    @BeforeEach
    void listen() {
        logger.setLevel(Level.INFO);
        logger.setAdditive(false);
        logger.addAppender(appender);
        appender.start();
    }

    @AfterEach
    void stop() {
        logger.detachAppender(appender);
        logger.setAdditive(true);
        logger.setLevel(level);
    }

    private void wrote(@Nullable Throwable failure) {
        reports.written(1, 1, Duration.ZERO, Duration.ZERO, failure);
    }

    private List<String> lines() {
        return appender.list.stream().map(ILoggingEvent::getFormattedMessage).toList();
    }

    @Test
    void aStoreThatFailsNowAndThenDoesNotFloodTheLog() {
        for (int i = 0; i < 100; i++) {
            wrote(new IllegalStateException("as told"));
            wrote(null);
        }
        assertThat(lines())
                .containsExactly(
                        "write-behind of cache carts: the store failed; it is tried again; 0 more since the last line",
                        "write-behind of cache carts: the store takes writes again");
        nanoTime.addAndGet(Duration.ofSeconds(10).toNanos());
        wrote(new IllegalStateException("as told"));
        wrote(new IllegalStateException("as told"));
        assertThat(lines())
                .hasSize(3)
                .last()
                .isEqualTo(
                        "write-behind of cache carts: the store failed; it is tried again; 99 more since the last line");
    }
}
