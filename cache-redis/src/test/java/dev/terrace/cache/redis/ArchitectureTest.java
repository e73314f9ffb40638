package dev.terrace.cache.redis;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import dev.terrace.cache.testkit.HouseRules;
import org.junit.jupiter.api.Test;

final class ArchitectureTest {

    @Test
    void theHouseRulesHold() {
        HouseRules.check(HouseRules.mainClasses());
    }

    @Test
    void theCacheDependsOnNothingThatSharesItsConnection() {
        noClasses()
                .that()
                .resideInAPackage("dev.terrace.cache.redis")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("dev.terrace.cache.redis.*..")
                .check(HouseRules.mainClasses());
    }
}
