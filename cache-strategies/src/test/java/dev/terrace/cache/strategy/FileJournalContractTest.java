package dev.terrace.cache.strategy;

import dev.terrace.cache.codec.StringCodec;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

final class FileJournalContractTest extends JournalContract {

    @TempDir
    Path directory;

    @Override
    void journal(WriteBehindBuilder<String, String> builder) {
        builder.journal(FileJournal.in(directory).segmentBytes(4_096), StringCodec.utf8(), StringCodec.utf8());
    }
}
