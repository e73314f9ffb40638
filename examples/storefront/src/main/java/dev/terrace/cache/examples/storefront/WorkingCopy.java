package dev.terrace.cache.examples.storefront;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A copy of a file, in a directory of its own, for one run: deleted with it, and in nobody else's way. */
final class WorkingCopy implements AutoCloseable {

    private final Path directory;
    private final Path file;
    private final Thread deleteAtExit = new Thread(this::delete);

    private WorkingCopy(Path directory, Path file) {
        this.directory = directory;
        this.file = file;
    }

    static WorkingCopy of(Path original) {
        try {
            Path directory = Files.createTempDirectory(original.toAbsolutePath().getParent(), "run-");
            WorkingCopy copy = new WorkingCopy(directory, directory.resolve(original.getFileName()));
            Runtime.getRuntime().addShutdownHook(copy.deleteAtExit);
            Files.copy(original, copy.file);
            return copy;
        } catch (IOException e) {
            throw new UncheckedIOException(original + " cannot be copied", e);
        }
    }

    Path file() {
        return file;
    }

    @Override
    public void close() {
        Runtime.getRuntime().removeShutdownHook(deleteAtExit);
        delete();
    }

    private void delete() {
        Workplace.delete(directory);
    }
}
