package dev.terrace.cache.redis;

import dev.terrace.cache.spi.FarReading;
import dev.terrace.cache.spi.RecordBytes;
import io.lettuce.core.output.CommandOutput;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What Redis has under each of several keys. */
final class ReadingsOutput extends CommandOutput<String, byte[], List<FarReading>> {

    ReadingsOutput(int keys) {
        super(KeysAndBytes.CODEC, new ArrayList<>(keys));
    }

    @Override
    public void set(@Nullable ByteBuffer bytes) {
        output.add(bytes == null ? FarReading.ABSENT : RecordBytes.parse(KeysAndBytes.CODEC.decodeValue(bytes)));
    }
}
