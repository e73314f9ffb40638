package dev.terrace.cache.examples.storefront;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;

/**
 * Many callers at the same moment for one product that no tier has.
 *
 * @param callers how many asked
 * @param answered how many were given the product
 * @param queries database queries that it took
 * @param slowest how long the last of them waited
 */
record Burst(int callers, int answered, long queries, Duration slowest) {

    private static final int CALLERS = 200;
    private static final long PRODUCT = 777;

    static Burst run(Shop shop, Database database) {
        shop.nodeFor(0).cache().invalidate(PRODUCT);
        long before = database.queries();
        CyclicBarrier ready = new CyclicBarrier(CALLERS);
        List<Callable<Answer>> callers = new ArrayList<>();
        for (int i = 0; i < CALLERS; i++) {
            CachedProducts node = shop.nodeFor(i);
            callers.add(() -> {
                ready.await();
                long start = System.nanoTime();
                boolean found = node.findById(PRODUCT).id() == PRODUCT;
                return new Answer(found, Duration.ofNanos(System.nanoTime() - start));
            });
        }
        List<Answer> answers = Workers.runAll(callers, () -> {});
        return new Burst(
                CALLERS,
                (int) answers.stream().filter(Answer::found).count(),
                database.queries() - before,
                answers.stream().map(Answer::took).max(Duration::compareTo).orElseThrow());
    }

    private record Answer(boolean found, Duration took) {}
}
