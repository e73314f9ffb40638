package dev.terrace.cache.benchmarks;

import java.nio.file.Path;

/** A log of records on a disk. */
interface JournalEngine extends AutoCloseable {

    /** Appends a record and returns when the disk has it. Called by many threads at once. */
    void append(byte[] record) throws Exception;

    /** How many records there are. */
    int size() throws Exception;

    @Override
    void close();

    /** Opens one in a directory, with what is there. */
    @FunctionalInterface
    interface Opening {
        JournalEngine open(Path directory) throws Exception;
    }
}
