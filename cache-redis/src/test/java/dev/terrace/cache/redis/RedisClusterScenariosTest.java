package dev.terrace.cache.redis;

import dev.terrace.cache.Bursts;
import dev.terrace.cache.ChangesDuringLoads;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** The scenarios that keys on several servers may make a difference to, on a cluster of three masters. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class RedisClusterScenariosTest extends TrackingScenarios {

    private final Deployed cluster = Deployed.clustered(RedisCoherence.TRACKING);

    @Override
    Deployed deployed() {
        return cluster;
    }

    @Test
    void X15_aChangeDuringALoadIsNotUndoneByIt() {
        ChangesDuringLoads.onOneNode(this);
    }

    @Test
    void X15_aChangeOnAnotherNodeDuringALoadIsNotUndoneByIt() {
        ChangesDuringLoads.onTwoNodes(this, FULL ? 10 : 3);
    }

    @Test
    void X15_theFarTierKeepsNoOldValueEither() {
        ChangesDuringLoads.inTheFarTier(this);
    }

    @Test
    void X21_aBurstOnTwoNodesCausesOneLoad() {
        Bursts.onTwoNodes(this, FULL ? 10 : 3);
    }

    @Test
    void X22_aBulkReadCostsThreeReadsOfEachServer() {
        BulkRead read = new BulkRead();
        read.costsThreeReads(node("x22", read::settings), nodeWithoutNear("x22"), cluster.servers(), variant());
    }

    @AfterAll
    void stopCluster() {
        cluster.close();
    }
}
