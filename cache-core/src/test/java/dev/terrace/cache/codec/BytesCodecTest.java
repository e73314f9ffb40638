package dev.terrace.cache.codec;

import dev.terrace.cache.testkit.CodecContract;
import java.nio.charset.StandardCharsets;
import java.util.List;

final class BytesCodecTest extends CodecContract<byte[]> {

    @Override
    protected Codec<byte[]> codec() {
        return BytesCodec.create();
    }

    @Override
    protected List<byte[]> values() {
        return List.of(new byte[0], new byte[] {1}, SECRET.repeat(100).getBytes(StandardCharsets.UTF_8));
    }

    @Override
    protected void mutate(byte[] value) {
        if (value.length > 0) {
            value[0]++;
        }
    }
}
