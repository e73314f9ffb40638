package dev.terrace.cache.redis;

import dev.terrace.cache.Bursts;
import dev.terrace.cache.ChangesDuringLoads;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** On a cluster of three masters, by notices. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class NoticesClusterScenariosTest extends TrackingScenarios {

    private final Deployed cluster = Deployed.clustered(RedisCoherence.NOTICES);

    @Override
    Deployed deployed() {
        return cluster;
    }

    @Test
    void X15_aChangeOnAnotherNodeDuringALoadIsNotUndoneByIt() {
        ChangesDuringLoads.onTwoNodes(this, FULL ? 10 : 3);
    }

    @Test
    void X21_aBurstOnTwoNodesCausesOneLoad() {
        Bursts.onTwoNodes(this, FULL ? 10 : 3);
    }

    @AfterAll
    void stopCluster() {
        cluster.close();
    }
}
