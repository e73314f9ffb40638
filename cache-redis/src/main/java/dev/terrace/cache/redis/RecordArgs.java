package dev.terrace.cache.redis;

import io.lettuce.core.protocol.CommandArgs;
import io.netty.buffer.ByteBuf;
import java.util.List;

/**
 * The names of records as all of a command's arguments. They become bytes where the command is made, and not on the driver's thread,
 * and take no objects of their own, where the driver's own arguments take three and a buffer for each.
 */
final class RecordArgs extends CommandArgs<String, byte[]> {

    private final int count;
    private final byte[] bytes;
    private final int length;

    RecordArgs(RedisKeys names, List<String> keys) {
        super(KeysAndBytes.CODEC);
        int room = 0;
        for (String key : keys) {
            room += names.argumentRoom(key);
        }
        byte[] written = new byte[room];
        int at = 0;
        for (String key : keys) {
            at = names.writeArgument(key, written, at);
        }
        this.count = keys.size();
        this.bytes = written;
        this.length = at;
    }

    @Override
    public int count() {
        return count;
    }

    @Override
    public void encode(ByteBuf out) {
        out.writeBytes(bytes, 0, length);
    }
}
