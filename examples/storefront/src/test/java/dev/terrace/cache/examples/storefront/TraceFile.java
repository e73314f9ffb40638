package dev.terrace.cache.examples.storefront;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.tukaani.xz.LZMA2Options;
import org.tukaani.xz.XZOutputStream;

/** Writes recordings as the demo reads them. */
final class TraceFile {

    private TraceFile() {}

    static Path write(Path file, int... keys) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(keys.length * Integer.BYTES);
        bytes.asIntBuffer().put(keys);
        return writeBytes(file, bytes.array());
    }

    static Path writeBytes(Path file, byte[] bytes) throws IOException {
        try (OutputStream out = new XZOutputStream(Files.newOutputStream(file), new LZMA2Options(0))) {
            out.write(bytes);
        }
        return file;
    }
}
