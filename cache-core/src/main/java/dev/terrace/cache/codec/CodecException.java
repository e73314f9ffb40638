package dev.terrace.cache.codec;

/** A value could not be encoded, or bytes could not be decoded. The message never contains the value or the bytes. */
public class CodecException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /** A failure that is found here. */
    public CodecException(String message) {
        super(message);
    }

    /** A failure that a library reported. */
    public CodecException(String message, Throwable cause) {
        super(message, cause);
    }
}
