package dev.terrace.cache.redis;

import dev.terrace.cache.Bursts;
import dev.terrace.cache.ChangesDuringLoads;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** On one server, by notices. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class NoticesScenariosTest extends TrackingScenarios {

    private final Deployed server = Deployed.alone(RedisCoherence.NOTICES);

    @Override
    Deployed deployed() {
        return server;
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
    void X21_aBurstOnTwoNodesCausesOneLoad() {
        Bursts.onTwoNodes(this, FULL ? 10 : 3);
    }

    @Test
    void X22_aBulkReadCostsThreeReadsOfTheServer() {
        BulkRead read = new BulkRead();
        read.costsThreeReads(node("x22", read::settings), nodeWithoutNear("x22"), server.servers(), variant());
    }

    @AfterAll
    void stopServer() {
        server.close();
    }
}
