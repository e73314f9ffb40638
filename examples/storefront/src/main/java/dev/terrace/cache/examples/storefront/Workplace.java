package dev.terrace.cache.examples.storefront;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.CodeSource;
import java.util.stream.Stream;

/** Where this module keeps its files. */
final class Workplace {

    private Workplace() {}

    /** The build's {@code target} directory if the classes lie in it, else one among the system's temporary files. */
    static Path directory() {
        CodeSource source = Workplace.class.getProtectionDomain().getCodeSource();
        if (source != null) {
            try {
                Path parent = Path.of(source.getLocation().toURI()).getParent();
                if (parent != null && parent.endsWith("target")) {
                    return parent;
                }
            } catch (URISyntaxException e) {
                throw new IllegalStateException("The classes lie in no file", e);
            }
        }
        return Path.of(System.getProperty("java.io.tmpdir"), "terrace-storefront");
    }

    /** Deletes a directory with the files in it, if it is there. */
    static void delete(Path directory) {
        if (!Files.exists(directory)) {
            return;
        }
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : files.toList()) {
                Files.deleteIfExists(file);
            }
            Files.deleteIfExists(directory);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
