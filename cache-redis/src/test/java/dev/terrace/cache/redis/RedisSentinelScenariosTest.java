package dev.terrace.cache.redis;

import dev.terrace.cache.FrozenFarTier;
import java.time.Duration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The scenarios of outages, where sentinels end each by a failover. */
final class RedisSentinelScenariosTest extends CoherenceScenarios {

    private static final Duration SILENCE = Duration.ofSeconds(2);

    private Deployed.Watched sentinels;

    /** Each its own: after a failover it takes long until there may be another one. */
    @BeforeEach
    void startServers() {
        sentinels = opened(Deployed.watched());
    }

    @Override
    Deployed deployed() {
        return sentinels;
    }

    @Test
    void X04_aFrozenPrimaryCostsTheFirstCallsTheBudgetAndLaterOnesNothing() {
        FrozenFarTier.Outage outage = new FrozenFarTier.Outage() {
            @Override
            public void begin() {
                sentinels.loseLink();
            }

            // A connection that is silent is given up after two seconds, however soon the failover is over.
            @Override
            public void last() {
                long frozenAt = System.nanoTime();
                sentinels.awaitSuccessor();
                holds("the silence is long", () -> System.nanoTime() - frozenAt > SILENCE.toNanos());
            }

            @Override
            public void end() {}

            @Override
            public String over() {
                return "the failover";
            }
        };
        FrozenFarTier.underLoad(nodeWithoutNear("x04"), node("x04", FrozenFarTier::settings), outage, variant());
    }
}
