package dev.terrace.cache.codec;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InvalidClassException;
import java.io.NotSerializableException;
import java.io.ObjectInputFilter;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.ObjectStreamClass;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Collections;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Java serialization, for values that have no better format. Only classes that are named are written or read:
 *
 * <pre>{@code
 * JavaSerializationCodec.of(Order.class)
 *     .allow(Order.Line.class, Money.class)
 *     .allowPackages("java.util", "java.time")
 * }</pre>
 *
 * <p>Always allowed are the class of the value itself, strings, enum constants of allowed enums, boxed primitives, and
 * arrays of what is allowed; with a class, its superclasses. Dynamic proxies and lambdas never are. A class that is not
 * allowed is not even looked up. Reading is bounded in bytes ({@link #maxBytes}), in depth ({@link #maxDepth}) and in the
 * arrays that it makes, by the number of bytes there are. What an allowed class does in its own {@code readObject} is not:
 * allow no class that you would not construct from a stranger's data.
 *
 * <p>Platform classes are looked up by the platform, others by the class loader of the value's class.
 *
 * <p>{@link #schema()} covers the name, the {@code serialVersionUID} and the fields of the value's class, of the allowed
 * classes and of the declared types of their fields, as far as they are no platform classes. So a value of an older or newer
 * version is a miss, even where serialization itself would have filled in nulls (as it does for records). Who keeps versions
 * compatible by hand says so by {@link #withSchema}.
 */
public final class JavaSerializationCodec<V> implements Codec<V> {

    /** How many bytes a value may have: 16 MiB. */
    public static final int DEFAULT_MAX_BYTES = 16 << 20;

    /** How deep objects may contain each other: 20. */
    public static final int DEFAULT_MAX_DEPTH = 20;

    private final Class<V> type;
    private final AllowList allowed;
    private final int maxBytes;
    private final int maxDepth;
    private final @Nullable Long givenSchema;
    private final long schema;

    private JavaSerializationCodec(
            Class<V> type, AllowList allowed, int maxBytes, int maxDepth, @Nullable Long givenSchema) {
        this.type = type;
        this.allowed = allowed;
        this.maxBytes = maxBytes;
        this.maxDepth = maxDepth;
        this.givenSchema = givenSchema;
        this.schema = givenSchema == null ? Codec.fingerprint(allowed.describe()) : givenSchema;
    }

    /** Values of this class, or of allowed subclasses of it. The id is {@code java}. */
    public static <V> JavaSerializationCodec<V> of(Class<V> type) {
        AllowList itself = AllowList.NOTHING.plus(Collections.singleton(Objects.requireNonNull(type, "type")));
        return new JavaSerializationCodec<>(type, itself, DEFAULT_MAX_BYTES, DEFAULT_MAX_DEPTH, null);
    }

    /** The same, with these classes and their superclasses allowed too. */
    public JavaSerializationCodec<V> allow(Class<?>... classes) {
        return with(allowed.plus(Arrays.asList(classes)));
    }

    /**
     * The same, with all classes of these packages allowed too; not of their subpackages.
     *
     * @param packages names such as {@code java.time}
     */
    public JavaSerializationCodec<V> allowPackages(String... packages) {
        return with(allowed.plusPackages(Arrays.asList(packages)));
    }

    /** The same, refusing to write or to read values of more bytes. */
    public JavaSerializationCodec<V> maxBytes(int bytes) {
        if (bytes <= 0) {
            throw new IllegalArgumentException("maxBytes: must be positive, not " + bytes);
        }
        return new JavaSerializationCodec<>(type, allowed, bytes, maxDepth, givenSchema);
    }

    /**
     * The same, refusing to read values whose objects contain each other deeper than this. Where hash sets or maps are
     * allowed, each level can double the time that hostile bytes take.
     */
    public JavaSerializationCodec<V> maxDepth(int depth) {
        if (depth <= 0) {
            throw new IllegalArgumentException("maxDepth: must be positive, not " + depth);
        }
        return new JavaSerializationCodec<>(type, allowed, maxBytes, depth, givenSchema);
    }

    /** The same, with this schema, to be changed by hand when old bytes must no longer be read. */
    public JavaSerializationCodec<V> withSchema(long fingerprint) {
        return new JavaSerializationCodec<>(type, allowed, maxBytes, maxDepth, fingerprint);
    }

    private JavaSerializationCodec<V> with(AllowList list) {
        return new JavaSerializationCodec<>(type, list, maxBytes, maxDepth, givenSchema);
    }

    @Override
    public String id() {
        return "java";
    }

    @Override
    public long schema() {
        return schema;
    }

    @Override
    public byte[] encode(V value) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ObjectOutputStream out = new AllowedOutput(bytes, allowed)) {
            out.writeObject(value);
        } catch (NotAllowedException e) {
            throw new CodecException(e.className + " is not allowed: see JavaSerializationCodec.allow");
        } catch (NotSerializableException e) {
            throw new CodecException("a class is not serializable: " + e.getMessage());
        } catch (IOException | RuntimeException | StackOverflowError e) {
            throw failed("be written", e);
        }
        if (bytes.size() > maxBytes) {
            throw new CodecException(bytes.size() + " bytes are more than maxBytes, " + maxBytes);
        }
        return bytes.toByteArray();
    }

    @Override
    public V decode(ByteBuffer bytes) {
        if (bytes.remaining() > maxBytes) {
            throw new CodecException(bytes.remaining() + " bytes are more than maxBytes, " + maxBytes);
        }
        ByteBuffer rest = bytes.slice();
        Limits limits = new Limits(allowed, rest.remaining(), maxDepth);
        try (ObjectInputStream in = new AllowedInput(rest, limits, allowed, allowed.loader(type))) {
            V value = type.cast(in.readObject());
            if (value == null || in.read() >= 0 || rest.hasRemaining()) {
                throw new CodecException("not one value and nothing else");
            }
            return value;
        } catch (NotAllowedException e) {
            throw new CodecException("a class in the bytes is not allowed: see JavaSerializationCodec.allow");
        } catch (CodecException e) {
            throw e;
        } catch (IOException | ClassNotFoundException | RuntimeException | LinkageError | StackOverflowError e) {
            throw failed("be read", e);
        }
    }

    private CodecException failed(String what, Throwable e) {
        // Its message may contain what was written or read, so it is no cause.
        return new CodecException("a value of " + type.getName() + " could not " + what + ": "
                + e.getClass().getName());
    }

    @Override
    public String toString() {
        return "JavaSerializationCodec[" + type.getName() + "]";
    }

    /** The filter of one reading. */
    private static final class Limits implements ObjectInputFilter {

        /** A hash map of n entries, which take 2n bytes or more, may ask for a table of 8n places. */
        private static final int PLACES_PER_BYTE = 8;

        private static final int FREE_PLACES = 64;

        private final AllowList allowed;
        private final int length;
        private final int maxDepth;
        private long places;

        Limits(AllowList allowed, int length, int maxDepth) {
            this.allowed = allowed;
            this.length = length;
            this.maxDepth = maxDepth;
        }

        @Override
        public Status checkInput(FilterInfo info) {
            if (info.depth() > maxDepth || info.references() > length || info.streamBytes() > length) {
                return Status.REJECTED;
            }
            places += Math.max(0, info.arrayLength());
            if (places > FREE_PLACES + (long) PLACES_PER_BYTE * length) {
                return Status.REJECTED;
            }
            Class<?> type = info.serialClass();
            if (type == null) {
                return Status.UNDECIDED;
            }
            return allowed.allows(type) ? Status.ALLOWED : Status.REJECTED;
        }
    }

    /** Refuses classes by name, before they are loaded, which a filter cannot. */
    private static final class AllowedInput extends ObjectInputStream {
        private final AllowList allowed;
        private final @Nullable ClassLoader loader;

        AllowedInput(ByteBuffer bytes, Limits limits, AllowList allowed, @Nullable ClassLoader loader)
                throws IOException {
            super(new BufferInput(bytes));
            this.allowed = allowed;
            this.loader = loader;
            setObjectInputFilter(limits);
        }

        @Override
        protected Class<?> resolveClass(ObjectStreamClass description) throws IOException, ClassNotFoundException {
            String name = description.getName();
            int dimensions = name.lastIndexOf('[') + 1;
            if (dimensions > 0 && name.charAt(dimensions) != 'L') {
                return super.resolveClass(description);
            }
            String element = dimensions == 0 ? name : name.substring(dimensions + 1, name.length() - 1);
            if (!allowed.allows(element)) {
                throw new NotAllowedException(element);
            }
            Class<?> known = allowed.classes().get(element);
            return Class.forName(name, false, known == null ? loader : known.getClassLoader());
        }

        @Override
        protected Class<?> resolveProxyClass(String[] interfaces) throws IOException {
            throw new NotAllowedException("a proxy");
        }
    }

    /** Refuses to write what would not be read. */
    private static final class AllowedOutput extends ObjectOutputStream {
        private final AllowList allowed;

        AllowedOutput(OutputStream out, AllowList allowed) throws IOException {
            super(out);
            this.allowed = allowed;
        }

        @Override
        protected void annotateClass(Class<?> type) throws IOException {
            if (!allowed.allows(type)) {
                throw new NotAllowedException(type.getName());
            }
        }

        @Override
        protected void annotateProxyClass(Class<?> type) throws IOException {
            throw new NotAllowedException(type.getName());
        }
    }

    private static final class BufferInput extends InputStream {
        private final ByteBuffer bytes;

        BufferInput(ByteBuffer bytes) {
            this.bytes = bytes;
        }

        @Override
        public int read() {
            return bytes.hasRemaining() ? Byte.toUnsignedInt(bytes.get()) : -1;
        }

        @Override
        public int read(byte[] into, int offset, int length) {
            if (length > 0 && !bytes.hasRemaining()) {
                return -1;
            }
            int count = Math.min(length, bytes.remaining());
            bytes.get(into, offset, count);
            return count;
        }
    }

    private static final class NotAllowedException extends InvalidClassException {
        private static final long serialVersionUID = 1L;

        final String className;

        NotAllowedException(String className) {
            super("not allowed");
            this.className = className;
        }
    }
}
