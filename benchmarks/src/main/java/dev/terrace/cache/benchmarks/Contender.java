package dev.terrace.cache.benchmarks;

import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * One benchmark method with its parameters and threads.
 *
 * @param label what it is, such as {@code Lettuce}
 */
record Contender(String label, Class<?> benchmark, String method, Map<String, String> parameters, int threads) {

    Contender {
        parameters = Map.copyOf(parameters);
    }

    Contender(String label, Class<?> benchmark, String method, int threads) {
        this(label, benchmark, method, Map.of(), threads);
    }

    Contender with(String parameter, Object value) {
        Map<String, String> more = new TreeMap<>(parameters);
        more.put(parameter, value.toString());
        return new Contender(label, benchmark, method, more, threads);
    }

    Contender threads(int count) {
        return new Contender(label, benchmark, method, parameters, count);
    }

    /** What JMH takes as a pattern for this method alone. */
    String pattern() {
        return "^" + Pattern.quote(benchmark.getName() + "." + method) + "$";
    }
}
