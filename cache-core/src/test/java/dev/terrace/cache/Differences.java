package dev.terrace.cache;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.InvocationInterceptor;
import org.junit.jupiter.api.extension.ReflectiveInvocationContext;

/** Runs the tests of {@link CacheContract}, and those that a subclass declares not to hold as tests that have to fail. */
final class Differences implements InvocationInterceptor {

    @Override
    public void interceptTestMethod(
            Invocation<Void> invocation, ReflectiveInvocationContext<Method> invoked, ExtensionContext context)
            throws Throwable {
        Method test = invoked.getExecutable();
        CacheContract contract = context.getRequiredTestInstances()
                .findInstance(CacheContract.class)
                .orElseThrow();
        List<CacheContract.Difference> differences = contract.differences();
        assertThat(testsOfTheContract())
                .containsAll(differences.stream()
                        .flatMap(each -> each.tests().stream())
                        .toList());
        CacheContract.Difference difference = differences.stream()
                .filter(each -> isOfTheContract(test) && each.tests().contains(test.getName()))
                .findFirst()
                .orElse(null);
        if (difference == null) {
            invocation.proceed();
            return;
        }
        Throwable failure = failure(invocation);
        assertThat(failure)
                .as("%s, although declared to fail: %s", test.getName(), difference.reason())
                .isInstanceOf(difference.failure());
        context.publishReportEntry("difference", difference.reason());
    }

    private static Throwable failure(Invocation<Void> invocation) {
        try {
            invocation.proceed();
            return null;
        } catch (Throwable failure) {
            return failure;
        }
    }

    private static boolean isOfTheContract(Method test) {
        return test.getDeclaringClass().getEnclosingClass() == CacheContract.class;
    }

    private static List<String> testsOfTheContract() {
        return Stream.of(CacheContract.class.getDeclaredClasses())
                .flatMap(nested -> Arrays.stream(nested.getDeclaredMethods()))
                .filter(method -> method.isAnnotationPresent(Test.class))
                .map(Method::getName)
                .toList();
    }
}
