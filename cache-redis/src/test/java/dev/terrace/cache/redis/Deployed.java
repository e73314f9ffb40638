package dev.terrace.cache.redis;

import dev.terrace.cache.ScenarioNodes;
import dev.terrace.cache.testkit.FaultyLink;
import dev.terrace.cache.testkit.RedisCluster;
import dev.terrace.cache.testkit.RedisSentinel;
import dev.terrace.cache.testkit.RedisServer;
import io.lettuce.core.RedisURI;
import java.time.Duration;
import java.util.List;

/** A Redis in one of the ways in which it may be deployed, for scenarios that are the same in each. */
interface Deployed extends AutoCloseable {

    /** For reports. */
    String name();

    /** How its nodes are told of changes. */
    default RedisCoherence coherence() {
        return RedisCoherence.TRACKING;
    }

    /** Connects to it. */
    RedisFarTier.Builder tier();

    /** The same for the one node whose link may be lost. */
    RedisFarTier.Builder tierThatMayLoseItsLink();

    /** From now on that link is lost, and cannot be made anew. */
    void loseLink();

    /** It can be made anew. */
    void healLink();

    /** From now on no write is acknowledged. */
    void refuseWrites();

    void allowWrites();

    /** Those that hold data and answer now. */
    List<RedisServer> servers();

    /** What a call of a node may take where waiting is not the subject. */
    default Duration budget() {
        return Duration.ofSeconds(10);
    }

    @Override
    void close();

    static Deployed alone(RedisCoherence coherence) {
        return new Alone(RedisServer.start(), coherence);
    }

    static Deployed clustered(RedisCoherence coherence) {
        return new Clustered(RedisCluster.start(), coherence);
    }

    private static String named(String deployment, RedisCoherence coherence) {
        return coherence == RedisCoherence.TRACKING ? deployment : deployment + " by notices";
    }

    /** Whatever is lost there is lost by a failover. */
    static Watched watched() {
        return new Watched(RedisSentinel.start());
    }

    /** One server, and a proxy for the link. */
    record Alone(RedisServer server, RedisCoherence coherence, FaultyLink link) implements Deployed {

        private Alone(RedisServer server, RedisCoherence coherence) {
            this(server, coherence, FaultyLink.to(server.port()));
        }

        @Override
        public String name() {
            return named("redis", coherence);
        }

        @Override
        public RedisFarTier.Builder tier() {
            return RedisFarTier.builder().uri(server.uri()).coherence(coherence);
        }

        @Override
        public RedisFarTier.Builder tierThatMayLoseItsLink() {
            return tier().linkThrough(RedisURI.create("redis://127.0.0.1:" + link.port()));
        }

        @Override
        public void loseLink() {
            link.refuse();
            link.cut();
        }

        @Override
        public void healLink() {
            link.heal();
        }

        @Override
        public void refuseWrites() {
            server.command("CONFIG", "SET", "maxmemory-policy", "noeviction");
            server.command("CONFIG", "SET", "maxmemory", "1");
        }

        @Override
        public void allowWrites() {
            server.command("CONFIG", "SET", "maxmemory", "0");
        }

        @Override
        public List<RedisServer> servers() {
            return List.of(server);
        }

        @Override
        public void close() {
            link.close();
            server.close();
        }
    }

    /** Three masters; the access list says who may have a link. */
    record Clustered(RedisCluster cluster, RedisCoherence coherence) implements Deployed {

        private static final String USER = "told";
        private static final String PASSWORD = "secret";

        @Override
        public String name() {
            return named("redis cluster", coherence);
        }

        @Override
        public RedisFarTier.Builder tier() {
            return RedisFarTier.builder()
                    .uri("redis-cluster://127.0.0.1:" + first().port())
                    .coherence(coherence);
        }

        @Override
        public RedisFarTier.Builder tierThatMayLoseItsLink() {
            each("ACL", "SETUSER", USER, "on", ">" + PASSWORD, "~*", "&*", "+@all");
            return RedisFarTier.builder()
                    .uri("redis-cluster://" + USER + ":" + PASSWORD + "@127.0.0.1:" + first().port())
                    .coherence(coherence);
        }

        private RedisServer first() {
            return cluster.nodes().get(0);
        }

        private void each(Object... command) {
            cluster.nodes().forEach(node -> node.command(command));
        }

        @Override
        public void loseLink() {
            each("ACL", "SETUSER", USER, "-client|tracking", "-subscribe");
            for (RedisServer node : cluster.nodes()) {
                node.text("CLIENT", "LIST")
                        .lines()
                        .filter(client -> client.matches(".* flags=\\w*[BP]\\w* .*") && client.contains("user=" + USER))
                        .forEach(client ->
                                node.command("CLIENT", "KILL", "ID", client.replaceAll("^id=(\\d+) .*", "$1")));
            }
        }

        /** Whoever was refused asks again when it connects anew. */
        @Override
        public void healLink() {
            each("ACL", "SETUSER", USER, "+client|tracking", "+subscribe");
            each("CLIENT", "KILL", "USER", USER);
        }

        @Override
        public void refuseWrites() {
            each("CONFIG", "SET", "maxmemory-policy", "noeviction");
            each("CONFIG", "SET", "maxmemory", "1");
        }

        @Override
        public void allowWrites() {
            each("CONFIG", "SET", "maxmemory", "0");
        }

        @Override
        public List<RedisServer> servers() {
            return cluster.nodes();
        }

        @Override
        public void close() {
            cluster.close();
        }
    }

    /** A primary and a replica; the primary is frozen until the replica has its place. */
    final class Watched implements Deployed {

        private final RedisSentinel sentinel;
        private RedisServer frozen;

        private Watched(RedisSentinel sentinel) {
            this.sentinel = sentinel;
        }

        @Override
        public String name() {
            return "redis sentinel";
        }

        @Override
        public RedisFarTier.Builder tier() {
            return RedisFarTier.builder().uri(sentinel.uri());
        }

        @Override
        public RedisFarTier.Builder tierThatMayLoseItsLink() {
            return tier();
        }

        /** What was acknowledged before is not lost: that it may be is what a failover is, and not the subject. */
        @Override
        public void loseLink() {
            frozen = sentinel.primary();
            frozen.command("SET", "last", "write");
            ScenarioNodes.holds("it is replicated", () -> Long.valueOf(1).equals(frozen.command("WAIT", 1, 100)));
            frozen.freeze();
        }

        /** Returns when the replica is the primary. */
        void awaitSuccessor() {
            sentinel.awaitSuccessorOf(frozen);
        }

        /** The old primary never comes back: what is so when it does is another test's subject. */
        @Override
        public void healLink() {
            awaitSuccessor();
            frozen.kill();
        }

        @Override
        public void refuseWrites() {
            loseLink();
        }

        @Override
        public void allowWrites() {
            healLink();
        }

        @Override
        public List<RedisServer> servers() {
            return List.of(sentinel.primary());
        }

        /** A frozen server is not waited for. */
        @Override
        public Duration budget() {
            return Duration.ofMillis(200);
        }

        @Override
        public void close() {
            sentinel.close();
        }
    }
}
