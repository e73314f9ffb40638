package dev.terrace.cache.testkit;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A server that tests run.
 *
 * @param binary the name of its executable
 * @param image the container to run where the executable is missing
 * @param packages how to install it
 */
record ServerKind(String binary, String image, String packages) {

    static final ServerKind REDIS = new ServerKind(
            "redis-server",
            "redis:7.4-alpine",
            "Debian, Ubuntu: apt-get install redis-server; macOS: brew install redis");
    static final ServerKind MEMCACHED = new ServerKind(
            "memcached",
            "memcached:1.6-alpine",
            "Debian, Ubuntu: apt-get install memcached; macOS: brew install memcached");

    /** The executable on the path of this process. */
    Optional<Path> executable() {
        String path = Optional.ofNullable(System.getenv("PATH")).orElse("");
        return Stream.of(path.split(Pattern.quote(File.pathSeparator), -1))
                .filter(directory -> !directory.isEmpty())
                .map(directory -> Path.of(directory, binary))
                .filter(Files::isExecutable)
                .findFirst();
    }

    /** What a test says that cannot run; it fails then, since a test that is skipped proves nothing. */
    AssertionError missing() {
        return new AssertionError("This test needs %s on the PATH, or Docker. Install it (%s) or start Docker."
                .formatted(binary, packages));
    }
}
