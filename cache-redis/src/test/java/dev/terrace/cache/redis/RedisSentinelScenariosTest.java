package dev.terrace.cache.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrace.cache.Cache;
import dev.terrace.cache.CacheListener.LinkState;
import dev.terrace.cache.FrozenFarTier;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
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
        AtomicLong overAt = new AtomicLong();
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
            public void end() {
                overAt.set(System.nanoTime());
            }

            @Override
            public String over() {
                return "the failover";
            }
        };
        Cache<String, String> node = node("x04", FrozenFarTier::settings);
        FrozenFarTier.underLoad(nodeWithoutNear("x04"), node, outage, variant());

        holds("the link is armed", () -> node.stats().link().state() == LinkState.ARMED);
        assertThat(Duration.ofNanos(System.nanoTime() - overAt.get())).isLessThan(Duration.ofSeconds(2));
    }
}
