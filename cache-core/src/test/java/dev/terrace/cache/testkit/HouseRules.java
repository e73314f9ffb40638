package dev.terrace.cache.testkit;

import static com.tngtech.archunit.core.domain.JavaCall.Predicates.target;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.name;
import static com.tngtech.archunit.core.domain.properties.HasOwner.Predicates.With.owner;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.GeneralCodingRules.NO_CLASSES_SHOULD_ACCESS_STANDARD_STREAMS;
import static com.tngtech.archunit.library.GeneralCodingRules.NO_CLASSES_SHOULD_USE_JAVA_UTIL_LOGGING;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.EvaluationResult;
import java.nio.file.Path;
import java.time.Clock;
import java.time.InstantSource;
import java.util.Date;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/** Rules of architecture that hold in every published module; each module's {@code ArchitectureTest} checks them. */
public final class HouseRules {

    private static final ArchRule TASKS_NAME_THEIR_THREADS = noClasses()
            .should()
            .callMethod(CompletableFuture.class, "runAsync", Runnable.class)
            .orShould()
            .callMethod(CompletableFuture.class, "supplyAsync", Supplier.class)
            .because("the common pool may have one thread, which a task that blocks takes from all");

    private static final List<ArchRule> RULES = List.of(
            slices().matching("dev.terrace.(**)").should().beFreeOfCycles().as("packages are free of cycles"),
            noClasses()
                    .should()
                    .haveNameMatching(".*(Util|Helper|Manager|Support|Base|Impl)s?")
                    .because("such a name does not say what the class is"),
            noClasses()
                    .should()
                    .callMethod(Thread.class, "sleep", long.class)
                    .orShould()
                    .callMethod(Thread.class, "sleep", long.class, int.class)
                    .because("time is injected"),
            noClasses()
                    .should()
                    .callMethod(System.class, "currentTimeMillis")
                    .orShould()
                    .callConstructor(Date.class)
                    .orShould()
                    .dependOnClassesThat()
                    .belongToAnyOf(Clock.class, InstantSource.class)
                    .orShould()
                    .callMethodWhere(
                            target(owner(resideInAPackage("java.time.."))).and(target(name("now"))))
                    .because("the wall clocks of nodes differ"),
            TASKS_NAME_THEIR_THREADS,
            NO_CLASSES_SHOULD_ACCESS_STANDARD_STREAMS,
            NO_CLASSES_SHOULD_USE_JAVA_UTIL_LOGGING);

    private HouseRules() {}

    /** The main classes of the module whose tests are running. */
    public static JavaClasses mainClasses() {
        return new ClassFileImporter()
                .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_PACKAGE_INFOS)
                .importPath(classesDirectory());
    }

    /** Where the module whose tests are running has its compiled main classes. */
    public static Path classesDirectory() {
        return Path.of(System.getProperty("basedir", ""), "target", "classes");
    }

    private static Path testClassesDirectory() {
        return classesDirectory().resolveSibling("test-classes");
    }

    /** Fails with every violation of every rule, and where a test of the module runs tasks on the common pool. */
    public static void check(JavaClasses classes) {
        List<String> violations = RULES.stream()
                .map(rule -> rule.allowEmptyShould(true).evaluate(classes))
                .filter(EvaluationResult::hasViolation)
                .map(result -> result.getFailureReport().toString())
                .toList();
        assertThat(violations).isEmpty();
        TASKS_NAME_THEIR_THREADS
                .allowEmptyShould(true)
                .check(new ClassFileImporter().importPath(testClassesDirectory()));
    }
}
