package dev.terrace.cache.strategy;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;

import dev.terrace.cache.testkit.HouseRules;
import org.junit.jupiter.api.Test;

final class ArchitectureTest {

    @Test
    void theHouseRulesHold() {
        HouseRules.check(HouseRules.mainClasses());
    }

    @Test
    void strategiesNeedTheCoreAndNoServer() {
        classes()
                .should()
                .onlyDependOnClassesThat()
                .resideInAnyPackage(
                        "java..",
                        "dev.terrace.cache",
                        "dev.terrace.cache.codec",
                        "dev.terrace.cache.spi",
                        "dev.terrace.cache.strategy..",
                        "dev.terrace.cache.annotation..",
                        "dev.terrace.cache.proxy..",
                        "org.slf4j..",
                        "org.jspecify..")
                .check(HouseRules.mainClasses());
    }
}
