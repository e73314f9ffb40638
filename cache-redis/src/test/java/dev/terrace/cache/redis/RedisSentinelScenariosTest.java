package dev.terrace.cache.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrace.cache.Cache;
import dev.terrace.cache.CacheListener.LinkState;
import dev.terrace.cache.FrozenFarTier;
import dev.terrace.cache.codec.StringCodec;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The scenarios of outages, where sentinels end each by a failover. */
final class RedisSentinelScenariosTest extends CoherenceScenarios {

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
        RedisFarTier writersTier = opened(sentinels.tier().build());
        Cache<String, String> writer = opened(Cache.<String, String>builder("x04")
                .far(writersTier, StringCodec.utf8())
                .freshFor(Duration.ofMinutes(10))
                .build());
        FrozenFarTier.Outage outage = new FrozenFarTier.Outage() {
            @Override
            public void begin() {
                // Else each of two tiers says that it has lost the primary.
                writersTier.close();
                sentinels.loseLink();
            }

            @Override
            public void last() {
                sentinels.awaitSuccessor();
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
        FrozenFarTier.underLoad(writer, node, outage, variant());

        holds("the link is armed", () -> node.stats().link().state() == LinkState.ARMED);
        assertThat(Duration.ofNanos(System.nanoTime() - overAt.get())).isLessThan(Duration.ofSeconds(2));
    }
}
