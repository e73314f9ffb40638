package dev.terrace.cache.examples.observability;

import dev.terrace.cache.strategy.StoreOperation;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;

/** Stands for one: slow, and down when it is told to be. */
final class Database {

    private static final Duration QUERY = Duration.ofMillis(5);

    private final Map<Long, Cart> carts = new ConcurrentHashMap<>();
    private volatile boolean down;

    void down(boolean isDown) {
        down = isDown;
    }

    private void query() {
        LockSupport.parkNanos(QUERY.toNanos());
        if (down) {
            throw new IllegalStateException("the database is down");
        }
    }

    Product findProduct(long id) {
        query();
        return new Product(id, "product " + id, (int) (id % 90 + 10) * 100 - 1);
    }

    Cart findCart(long id) {
        query();
        return carts.getOrDefault(id, new Cart(id, ""));
    }

    /** Each cart is written whole, so that a batch that is written again changes nothing. */
    void storeCarts(List<StoreOperation<Long, Cart>> batch) {
        query();
        batch.forEach(operation -> carts.compute(operation.key(), (id, before) -> operation.value()));
    }
}
