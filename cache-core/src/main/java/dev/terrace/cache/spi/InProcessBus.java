package dev.terrace.cache.spi;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/** Members hear each other on the thread of the one that tells, before it goes on. */
final class InProcessBus implements InvalidationBus {

    private static final CompletionStage<Void> TOLD = CompletableFuture.completedStage(null);

    private final ConcurrentHashMap<String, List<Joined>> members = new ConcurrentHashMap<>();

    @Override
    public Member join(String cacheName, Listener listener) {
        Joined joined = new Joined(cacheName, listener);
        members.compute(cacheName, (name, others) -> {
            List<Joined> all = others == null ? new CopyOnWriteArrayList<>() : others;
            all.add(joined);
            return all;
        });
        listener.interrupted();
        return joined;
    }

    private final class Joined implements Member {

        private final String cacheName;
        private final Listener listener;

        Joined(String cacheName, Listener listener) {
            this.cacheName = cacheName;
            this.listener = listener;
        }

        @Override
        public CompletionStage<Void> tell(Notice notice) {
            List<Joined> all = members.getOrDefault(cacheName, List.of());
            if (!all.contains(this)) {
                return CompletableFuture.failedStage(new IllegalStateException("no member of the bus any more"));
            }
            for (Joined other : all) {
                if (other != this) {
                    other.listener.heard(notice);
                }
            }
            return TOLD;
        }

        @Override
        public void close() {
            members.computeIfPresent(cacheName, (name, all) -> {
                all.remove(this);
                return all.isEmpty() ? null : all;
            });
        }
    }

    @Override
    public String toString() {
        return "in process";
    }
}
