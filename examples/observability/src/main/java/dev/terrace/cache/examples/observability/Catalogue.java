package dev.terrace.cache.examples.observability;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;

/** Stands for a database: slow, and down when it is told to be. */
final class Catalogue {

    private static final Duration QUERY = Duration.ofMillis(5);

    private volatile boolean down;

    void down(boolean isDown) {
        down = isDown;
    }

    Product find(long id) {
        LockSupport.parkNanos(QUERY.toNanos());
        if (down) {
            throw new IllegalStateException("the database is down");
        }
        return new Product(id, "product " + id, (int) (id % 90 + 10) * 100 - 1);
    }
}
