package dev.terrace.cache.examples.storefront;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.IntBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.tukaani.xz.XZFormatException;
import org.tukaani.xz.XZInputStream;

/**
 * Reads recorded traffic: big-endian 32-bit integers, one per access, each the key that was asked for, compressed with xz.
 *
 * <p>Keys become products in the order in which they first occur: the first is product 1, the next new one product 2. So two
 * accesses ask for one product if and only if they asked for one key.
 */
final class Trace {

    private static final int MOST_ACCESSES = 50_000_000;
    private static final int MOST_MEMORY_IN_KIB = 256 * 1024;

    private Trace() {}

    static Traffic traffic(Path file) {
        int[] ids = read(file);
        Map<Integer, Integer> products = new HashMap<>();
        for (int i = 0; i < ids.length; i++) {
            int next = products.size() + 1;
            Integer known = products.putIfAbsent(ids[i], next);
            ids[i] = known == null ? next : known;
        }
        String description = String.format(
                Locale.ROOT, "%s, %,d accesses to %,d keys", file.getFileName(), ids.length, products.size());
        return Traffic.once(description, ids, products.size());
    }

    private static int[] read(Path file) {
        byte[] bytes = decompressed(file);
        if (bytes.length == 0) {
            throw new BadArgumentException("--trace", file + " contains no access");
        }
        if (bytes.length % Integer.BYTES != 0) {
            throw new BadArgumentException("--trace", file + " ends in the middle of a 32-bit integer");
        }
        if (bytes.length > MOST_ACCESSES * Integer.BYTES) {
            throw new BadArgumentException(
                    "--trace", String.format(Locale.ROOT, "%s has more than %,d accesses", file, MOST_ACCESSES));
        }
        IntBuffer keys = ByteBuffer.wrap(bytes).asIntBuffer();
        int[] accesses = new int[keys.remaining()];
        keys.get(accesses);
        return accesses;
    }

    private static byte[] decompressed(Path file) {
        try (InputStream compressed = new BufferedInputStream(Files.newInputStream(file));
                InputStream plain = new XZInputStream(compressed, MOST_MEMORY_IN_KIB)) {
            return plain.readNBytes(MOST_ACCESSES * Integer.BYTES + 1);
        } catch (NoSuchFileException e) {
            throw new BadArgumentException("--trace", "there is no file " + file, e);
        } catch (XZFormatException e) {
            throw new BadArgumentException("--trace", file + " is not compressed with xz", e);
        } catch (IOException e) {
            throw new BadArgumentException("--trace", file + " cannot be read: " + e, e);
        }
    }
}
