package dev.terrace.cache.proxy;

import java.lang.invoke.MethodHandle;
import java.lang.reflect.Method;
import java.lang.reflect.Type;
import java.lang.reflect.UndeclaredThrowableException;
import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * One method of a repository.
 *
 * @param repository the interface that is wrapped
 * @param method the method, its own or of a super-interface
 * @param types what type variables stand for
 * @param delegate calls the delegate, with the arguments as an array
 */
record RepositoryMethod(Class<?> repository, Method method, TypeArguments types, MethodHandle delegate) {

    private static final Pattern DURATION = Pattern.compile("(\\d+)\\s*(ms|s|m|h|d)");

    @Nullable
    Object call(@Nullable Object[] arguments) throws Throwable {
        return (Object) delegate.invokeExact(arguments);
    }

    /** As {@link #call}, where only exceptions may be thrown; the rest is wrapped. */
    @Nullable
    Object callChecked(@Nullable Object[] arguments) throws Exception {
        try {
            return call(arguments);
        } catch (Exception | Error e) {
            throw e;
        } catch (Throwable other) {
            throw new UndeclaredThrowableException(other);
        }
    }

    Class<?> parameterType(int index) {
        return types.rawClass(method.getGenericParameterTypes()[index]);
    }

    Type returnType() {
        return method.getGenericReturnType();
    }

    /** The interface and the method as a message names them. */
    String name() {
        return repository.getSimpleName() + "." + method.getName()
                + Arrays.stream(method.getParameterTypes())
                        .map(Class::getSimpleName)
                        .collect(Collectors.joining(", ", "(", ")"));
    }

    /** Whether the delegate may throw this to its caller as it is. */
    boolean declares(Throwable failure) {
        for (Class<?> declared : method.getExceptionTypes()) {
            if (declared.isInstance(failure)) {
                return true;
            }
        }
        return false;
    }

    /** @throws Mistake if it is neither ISO-8601 nor a number with a unit, or not positive */
    static @Nullable Duration duration(String setting, String text) {
        if (text.isEmpty()) {
            return null;
        }
        Duration duration;
        Matcher simple = DURATION.matcher(text.strip().toLowerCase(Locale.ROOT));
        try {
            if (simple.matches()) {
                long number = Long.parseLong(simple.group(1));
                duration = switch (simple.group(2)) {
                    case "ms" -> Duration.ofMillis(number);
                    case "s" -> Duration.ofSeconds(number);
                    case "m" -> Duration.ofMinutes(number);
                    case "h" -> Duration.ofHours(number);
                    default -> Duration.ofDays(number);
                };
            } else {
                duration = Duration.parse(text);
            }
        } catch (DateTimeParseException | ArithmeticException | NumberFormatException e) {
            throw new Mistake(setting + " = \"" + text + "\" is no duration: write 5m, 30s, 250ms or PT5M");
        }
        if (duration.isNegative() || (duration.isZero() && !setting.equals("staleFor"))) {
            throw new Mistake(setting + " = \"" + text + "\" is not positive");
        }
        return duration;
    }

    /** @throws Mistake if it cannot be made */
    static <T> T instance(Class<T> type) {
        try {
            var constructor = type.getDeclaredConstructor();
            constructor.setAccessible(true);
            return constructor.newInstance();
        } catch (ReflectiveOperationException | RuntimeException e) {
            throw new Mistake(
                    type.getName() + " cannot be made: it needs a constructor without parameters, in a package"
                            + " that is open to dev.terrace.cache.strategies (" + e + ")");
        }
    }

    /** @throws Mistake with this text */
    static void require(boolean right, String message) {
        if (!right) {
            throw new Mistake(message);
        }
    }

    /** The parameter of a name or position. */
    int parameter(String nameOrPosition) {
        var parameters = List.of(method.getParameters());
        for (int i = 0; i < parameters.size(); i++) {
            if (nameOrPosition.equals(String.valueOf(i))
                    || (parameters.get(i).isNamePresent()
                            && parameters.get(i).getName().equals(nameOrPosition))) {
                return i;
            }
        }
        throw new Mistake("there is no parameter {" + nameOrPosition + "}; names are known only where the interface was"
                + " compiled with -parameters, positions begin with {0}");
    }
}
