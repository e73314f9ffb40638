package dev.terrace.cache.redis;

import dev.terrace.cache.spi.ChangeFeed;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * What one cache is told by all primaries of a cluster, as if by one: it tells while every one of them does, and is as sure as
 * the least sure of them. So it does not matter which of them holds a key, while a slot moves or after a failover. Where the
 * slots are held otherwise than before, everything may have changed.
 */
final class ClusterFeed implements ChangeFeed {

    private final ClusterServers servers;
    private final RedisKeys keys;
    private final Runnable onChange = this::held;
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<ClusterServers.Node, Member> members = new HashMap<>(); // guarded by lock
    private boolean telling; // guarded by lock
    private @Nullable Listener told; // guarded by lock

    private final class Member implements Listener {
        private final RedisLink.Feed feed;
        private boolean armed; // guarded by lock
        private long confirmedAt; // guarded by lock

        private Member(RedisLink.Feed feed) {
            this.feed = feed;
        }

        @Override
        public long nanos() {
            return listener().nanos();
        }

        @Override
        public long maxStaleness() {
            return listener().maxStaleness();
        }

        @Override
        public void armed(int source, long askedAt) {
            inOrder(() -> {
                armed = true;
                confirmedAt = askedAt;
                settle(false);
            });
        }

        @Override
        public void confirmed(int source, long askedAt) {
            inOrder(() -> {
                confirmedAt = askedAt;
                if (telling) {
                    listener().confirmed(0, leastSure());
                }
            });
        }

        @Override
        public void changed(int source, String key) {
            inOrder(() -> listener().changed(0, key));
        }

        @Override
        public void changedHere(int source, String key) {
            inOrder(() -> listener().changedHere(0, key));
        }

        @Override
        public void markerChanged(int source, String name) {
            inOrder(() -> listener().markerChanged(0, name));
        }

        @Override
        public void changedAll(int source) {
            inOrder(() -> settle(true));
        }

        @Override
        public void lost(int source) {
            inOrder(() -> {
                armed = false;
                settle(false);
            });
        }
    }

    ClusterFeed(ClusterServers servers, RedisKeys keys) {
        this.servers = servers;
        this.keys = keys;
    }

    @Override
    public void start(Listener listener) {
        lock.lock();
        try {
            told = listener;
        } finally {
            lock.unlock();
        }
        servers.onChange(onChange);
        held();
    }

    void close() {
        servers.remove(onChange);
        inOrder(() -> {
            members.values().forEach(member -> member.feed.close());
            members.clear();
        });
    }

    /** The slots are held by others than before, or by the same otherwise. */
    private void held() {
        Map<ClusterServers.Node, Member> begun = new HashMap<>();
        inOrder(() -> {
            Set<ClusterServers.Node> present = new HashSet<>(servers.primaries());
            members.entrySet().removeIf(entry -> {
                boolean isGone = !present.contains(entry.getKey());
                if (isGone) {
                    entry.getValue().feed.close();
                }
                return isGone;
            });
            for (ClusterServers.Node node : present) {
                if (!members.containsKey(node)) {
                    Member member = new Member(node.link.feed(keys));
                    members.put(node, member);
                    begun.put(node, member);
                }
            }
            settle(true);
        });
        begun.values().forEach(member -> member.feed.start(member));
    }

    /** @param anew whether what was told before counts no more */
    private void settle(boolean anew) {
        boolean all = !members.isEmpty() && members.values().stream().allMatch(member -> member.armed);
        boolean before = telling;
        telling = all;
        if (all && !before) {
            listener().armed(0, leastSure());
        } else if (!all && before) {
            listener().lost(0);
        } else if (all && anew) {
            listener().changedAll(0);
        }
    }

    private long leastSure() {
        return members.values().stream()
                .mapToLong(member -> member.confirmedAt)
                .min()
                .orElseThrow();
    }

    /** The engine is told by one thread at a time; what it does then is short and does not wait. */
    private void inOrder(Runnable step) {
        lock.lock();
        try {
            step.run();
        } finally {
            lock.unlock();
        }
    }

    private Listener listener() {
        Listener listener = told;
        if (listener == null) {
            throw new IllegalStateException("not started");
        }
        return listener;
    }

    @Override
    public String toString() {
        return "Redis is asked to tell of changes " + servers.coherence().telling();
    }
}
