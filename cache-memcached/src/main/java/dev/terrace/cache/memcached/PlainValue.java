package dev.terrace.cache.memcached;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.util.Arrays;
import java.util.Optional;

/** A value that other clients of memcached can read and write, of a type that its flags tell. */
public sealed interface PlainValue {

    /** Text, in UTF-8. */
    record Text(String text) implements PlainValue {}

    /** A number, in decimal digits, as memcached itself increments it. */
    record Numeral(long number) implements PlainValue {}

    /** Bytes, or what another client wrote whose type is not known here. */
    record Bytes(byte[] bytes) implements PlainValue {

        /** Of a copy of these. */
        public Bytes {
            bytes = bytes.clone();
        }

        @Override
        public byte[] bytes() {
            return bytes.clone();
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof Bytes that && Arrays.equals(bytes, that.bytes);
        }

        @Override
        public int hashCode() {
            return Arrays.hashCode(bytes);
        }

        @Override
        public String toString() {
            return "Bytes[" + bytes.length + "]";
        }
    }

    /** What an item with these flags is; nothing where it is a record or a stub of a cache. */
    static Optional<PlainValue> of(int flags, byte[] bytes) {
        if (Flags.areOfRecord(flags) || flags == Flags.STUB) {
            return Optional.empty();
        }
        return Optional.of(
                switch (flags) {
                    case Flags.TEXT -> text(bytes);
                    case Flags.NUMBER -> number(bytes);
                    default -> new Bytes(bytes);
                });
    }

    private static PlainValue text(byte[] bytes) {
        try {
            return new Text(UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString());
        } catch (CharacterCodingException e) {
            return new Bytes(bytes);
        }
    }

    /** Memcached leaves spaces behind a number that it decremented. */
    private static PlainValue number(byte[] bytes) {
        try {
            return new Numeral(Long.parseLong(new String(bytes, UTF_8).strip()));
        } catch (NumberFormatException e) {
            return new Bytes(bytes);
        }
    }
}
