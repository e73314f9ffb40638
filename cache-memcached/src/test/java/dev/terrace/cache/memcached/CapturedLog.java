package dev.terrace.cache.memcached;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.ILoggerFactory;
import org.slf4j.LoggerFactory;

/** What is logged until it is closed. */
final class CapturedLog implements AutoCloseable {

    /** To be locked by tests that change the level of our logger, which they share. */
    static final String LEVEL = "the level of dev.terrace.cache.memcached";

    private static final Duration LIMIT = Duration.ofSeconds(30);

    private final ListAppender<ILoggingEvent> appender = new ListAppender<>();
    private final Logger logger;
    private final @Nullable Level level;

    private CapturedLog(Logger logger, @Nullable Level level) {
        this.logger = logger;
        this.level = logger.getLevel();
        appender.list = new CopyOnWriteArrayList<>();
        appender.start();
        if (level != null) {
            logger.setLevel(level);
        }
        logger.addAppender(appender);
    }

    /** Of anybody, at the level that is set. */
    static CapturedLog ofAll() {
        return new CapturedLog(context().getLogger(Logger.ROOT_LOGGER_NAME), null);
    }

    static CapturedLog ofOurs(Level level) {
        return new CapturedLog(context().getLogger("dev.terrace.cache.memcached"), level);
    }

    /** Another test may be the one that sets logging up. */
    private static LoggerContext context() {
        long end = System.nanoTime() + LIMIT.toNanos();
        while (System.nanoTime() < end) {
            ILoggerFactory factory = LoggerFactory.getILoggerFactory();
            if (factory instanceof LoggerContext context) {
                return context;
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
        }
        throw new AssertionError("logging is not set up");
    }

    List<ILoggingEvent> events() {
        return appender.list;
    }

    List<String> lines() {
        return events().stream().map(ILoggingEvent::getFormattedMessage).toList();
    }

    @Override
    public void close() {
        logger.detachAppender(appender);
        logger.setLevel(level);
    }
}
