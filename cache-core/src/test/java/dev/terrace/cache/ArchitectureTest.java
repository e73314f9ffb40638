package dev.terrace.cache;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
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
    void theCoreKnowsNoServerAndNoMetricsLibrary() {
        classes()
                .should()
                .onlyDependOnClassesThat()
                .resideInAnyPackage(
                        "java..",
                        "javax..",
                        "dev.terrace.cache",
                        "dev.terrace.cache.codec",
                        "dev.terrace.cache.spi",
                        "com.github.benmanes.caffeine..",
                        "org.slf4j..",
                        "org.jspecify..")
                .allowEmptyShould(true)
                .check(MAIN);
    }

    @Test
    void caffeineIsNamedOnlyInTheNearTier() {
        noClasses()
                .that(DescribedPredicate.not(belongToTheNearTier()))
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("com.github.benmanes..")
                .allowEmptyShould(true)
                .check(MAIN);
    }

    @Test
    void codecsAndTheSpiDoNotDependOnTheCache() {
        noClasses()
                .that()
                .resideInAnyPackage("dev.terrace.cache.codec", "dev.terrace.cache.spi")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("dev.terrace.cache")
                .allowEmptyShould(true)
                .check(MAIN);
    }

    private static DescribedPredicate<JavaClass> belongToTheNearTier() {
        return DescribedPredicate.describe("belong to the near tier", type -> {
            JavaClass outermost = type;
            while (outermost.getEnclosingClass().isPresent()) {
                outermost = outermost.getEnclosingClass().get();
            }
            String name = outermost.getSimpleName();
            return outermost.getPackageName().equals("dev.terrace.cache")
                    && (name.startsWith("Near") || name.startsWith("CaffeineNear"));
        });
    }
}
