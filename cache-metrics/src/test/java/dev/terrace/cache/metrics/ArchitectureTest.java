package dev.terrace.cache.metrics;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;

import com.tngtech.archunit.core.domain.JavaClasses;
import dev.terrace.cache.testkit.HouseRules;
import org.junit.jupiter.api.Test;

final class ArchitectureTest {

    private static final JavaClasses MAIN = HouseRules.mainClasses();

    @Test
    void theHouseRulesHold() {
        HouseRules.check(MAIN);
    }

    @Test
    void itKnowsTheCoreAndMicrometerAndNoServersClient() {
        classes()
                .should()
                .onlyDependOnClassesThat()
                .resideInAnyPackage(
                        "java..",
                        "dev.terrace.cache",
                        "dev.terrace.cache.codec",
                        "dev.terrace.cache.spi",
                        "dev.terrace.cache.metrics",
                        "io.micrometer..",
                        "org.slf4j..",
                        "org.jspecify..")
                .check(MAIN);
    }
}
