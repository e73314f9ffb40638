package dev.terrace.cache.memcached;

import dev.terrace.cache.testkit.HouseRules;
import org.junit.jupiter.api.Test;

final class ArchitectureTest {

    @Test
    void theHouseRulesHold() {
        HouseRules.check(HouseRules.mainClasses());
    }
}
