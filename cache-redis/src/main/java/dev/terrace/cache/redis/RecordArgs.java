package dev.terrace.cache.redis;

import io.lettuce.core.protocol.CommandArgs;
import io.netty.buffer.ByteBuf;
import java.util.List;

/**
 * The names of records as all of a command's arguments. They are written straight into the outgoing buffer, where the driver's own
 * arguments take three objects and a buffer for each.
 */
final class RecordArgs extends CommandArgs<String, byte[]> {

    private final RedisKeys names;
    private final List<String> keys;

    RecordArgs(RedisKeys names, List<String> keys) {
        super(KeysAndBytes.CODEC);
        this.names = names;
        this.keys = keys;
    }

    @Override
    public int count() {
        return keys.size();
    }

    @Override
    public void encode(ByteBuf out) {
        for (String key : keys) {
            names.writeRecord(key, out);
        }
    }
}
