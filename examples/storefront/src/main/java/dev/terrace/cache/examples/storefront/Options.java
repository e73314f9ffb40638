package dev.terrace.cache.examples.storefront;

import java.math.BigDecimal;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The command line. */
final class Options {

    static final String HELP = """
            A shop's product catalogue in an SQL database, read through Terrace.

            Usage: storefront [OPTION]...

              --trace FILE       replay a recording (32-bit big-endian integers, xz) instead of made-up traffic
              --redis [URI]      two nodes that share this Redis; without URI, an installed redis-server is started
                                 (caches "storefront" and "storefront-outage" there are cleared)
              --threads N        reading threads, of all nodes together (default 8)
              --requests N       stop after so many reads (default: a whole trace, or no limit)
              --seconds N        stop reading after so many seconds (default 12, with --trace 120)
              --near-size N      products that each node's near tier holds (default 10000)
              --products N       products in the catalogue, at least 2000 (default 50000); a trace may need more
              --db-latency MS    simulated network latency of each database query (default 1)
              --report FILE      where to write the report as a web page (default storefront-report.html
                                 in this module's target directory)
              --help             print this
            """;

    static final int FEWEST_PRODUCTS = 2_000;

    private boolean help;
    private @Nullable Path trace;
    private boolean redis;
    private @Nullable String redisUri;
    private int threads = 8;
    private long requests = Long.MAX_VALUE;
    private @Nullable Integer seconds;
    private int nearSize = 10_000;
    private int products = 50_000;
    private Duration databaseLatency = Duration.ofMillis(1);
    private Path report = Workplace.directory().resolve("storefront-report.html");

    private Options() {}

    /**
     * Reads the command line. Values follow their option as the next argument or after an equals sign.
     *
     * @throws BadArgumentException if it cannot be followed
     */
    static Options parse(String... arguments) {
        Options options = new Options();
        Deque<String> rest = new ArrayDeque<>(List.of(arguments));
        while (!rest.isEmpty()) {
            String argument = rest.pop();
            int equals = argument.indexOf('=');
            if (argument.startsWith("--") && equals > 0) {
                rest.push(argument.substring(equals + 1));
                argument = argument.substring(0, equals);
            }
            options.take(argument, rest);
        }
        return options;
    }

    private void take(String option, Deque<String> rest) {
        switch (option) {
            case "--help" -> help = true;
            case "--trace" -> trace = file(option, value(option, rest));
            case "--redis" -> {
                redis = true;
                redisUri = hasValue(rest) ? redisUri(option, rest.pop()) : null;
            }
            case "--threads" -> threads = (int) number(option, value(option, rest), 1, 512);
            case "--requests" -> requests = number(option, value(option, rest), 1, Long.MAX_VALUE);
            case "--seconds" -> seconds = (int) number(option, value(option, rest), 1, 86_400);
            case "--near-size" -> nearSize = (int) number(option, value(option, rest), 1, 10_000_000);
            case "--products" -> products = (int) number(option, value(option, rest), FEWEST_PRODUCTS, 5_000_000);
            case "--db-latency" -> databaseLatency = milliseconds(option, value(option, rest));
            case "--report" -> report = newFile(option, value(option, rest));
            default -> throw new BadArgumentException(option, "there is no such option; --help lists them");
        }
    }

    private static boolean hasValue(Deque<String> rest) {
        return !rest.isEmpty() && !rest.element().startsWith("--");
    }

    private static String value(String option, Deque<String> rest) {
        if (!hasValue(rest)) {
            throw new BadArgumentException(option, "needs a value");
        }
        return rest.pop();
    }

    private static long number(String option, String value, long least, long most) {
        try {
            long number = Long.parseLong(value.replace("_", ""));
            if (number >= least && number <= most) {
                return number;
            }
        } catch (NumberFormatException e) {
            throw new BadArgumentException(option, "not a whole number: " + value, e);
        }
        String range = most == Long.MAX_VALUE ? "at least " + least : "between " + least + " and " + most;
        throw new BadArgumentException(option, "must be " + range + ", not " + value);
    }

    private static Duration milliseconds(String option, String value) {
        try {
            BigDecimal milliseconds = new BigDecimal(value);
            if (milliseconds.signum() >= 0 && milliseconds.compareTo(BigDecimal.valueOf(10_000)) <= 0) {
                return Duration.ofNanos(milliseconds.movePointRight(6).longValue());
            }
        } catch (NumberFormatException e) {
            throw new BadArgumentException(option, "not a number of milliseconds: " + value, e);
        }
        throw new BadArgumentException(option, "must be between 0 and 10000 milliseconds, not " + value);
    }

    private static Path path(String option, String value) {
        try {
            return Path.of(value);
        } catch (InvalidPathException e) {
            throw new BadArgumentException(option, "not a file name: " + value, e);
        }
    }

    private static Path newFile(String option, String value) {
        Path file = path(option, value);
        if (Files.isDirectory(file)) {
            throw new BadArgumentException(option, value + " is a directory");
        }
        return file;
    }

    private static Path file(String option, String value) {
        Path file = path(option, value);
        if (!Files.isRegularFile(file)) {
            throw new BadArgumentException(option, "there is no file " + value);
        }
        return file;
    }

    private static String redisUri(String option, String value) {
        try {
            String scheme = new URI(value).getScheme();
            if (scheme != null && scheme.startsWith("redis")) {
                return value;
            }
        } catch (URISyntaxException e) {
            throw new BadArgumentException(option, "not a URI", e);
        }
        throw new BadArgumentException(option, "not a URI such as redis://127.0.0.1:6379");
    }

    boolean help() {
        return help;
    }

    /** The recording to replay, or null for made-up traffic. */
    @Nullable
    Path trace() {
        return trace;
    }

    /** Whether two nodes share a Redis. */
    boolean redis() {
        return redis;
    }

    /** The Redis to use, or null to start one. */
    @Nullable
    String redisUri() {
        return redisUri;
    }

    int threads() {
        return threads;
    }

    long requests() {
        return requests;
    }

    Duration time() {
        int unlessSaid = trace == null ? 12 : 120;
        return Duration.ofSeconds(seconds == null ? unlessSaid : seconds);
    }

    int nearSize() {
        return nearSize;
    }

    int products() {
        return products;
    }

    Duration databaseLatency() {
        return databaseLatency;
    }

    Path report() {
        return report;
    }
}
