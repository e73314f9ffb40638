package dev.terrace.cache.codec;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.regex.Pattern;
import javax.crypto.Cipher;
import javax.crypto.SecretKey;
import javax.crypto.spec.GCMParameterSpec;

/**
 * Encrypts and authenticates what another codec writes, by AES in Galois/Counter Mode: a random nonce of 96 bits per value
 * and a tag of 128 bits.
 *
 * <pre>{@code
 * AesGcmCodec.around(JsonCodec.of(Patient.class), "2026-02", newKey).alsoDecrypting("2025-08", oldKey)
 * }</pre>
 *
 * <p>Keys are rotated in two steps, since nodes change one after the other: first give the new key to every node by
 * {@link #alsoDecrypting}, then make it the one that encrypts. Once no value of the old key can be left (the whole life of
 * an entry), take the old key away. Rotate before a key has encrypted 2<sup>32</sup> values: random nonces are safe up to
 * there.
 *
 * <p>The key id, {@link #id()} and {@link #schema()} are authenticated with each value, so bytes of another codec or shape
 * are not accepted under the same key. Not hidden are the length of a value, its key in the cache, its tags and its times;
 * and a value is not bound to its key: who can write to the server can put one genuine value in the place of another.
 */
public final class AesGcmCodec<V> implements Codec<V> {

    private static final Pattern KEY_ID = Pattern.compile("[A-Za-z0-9._-]{1,64}");
    private static final byte FORMAT = 1;
    private static final int NONCE_LENGTH = 12;
    private static final int TAG_LENGTH = 16;

    private final Codec<V> codec;
    private final String activeId;
    private final Map<String, SecretKey> keys;
    private final SecureRandom random;

    private AesGcmCodec(Codec<V> codec, String activeId, Map<String, SecretKey> keys, SecureRandom random) {
        this.codec = codec;
        this.activeId = activeId;
        this.keys = keys;
        this.random = random;
    }

    /**
     * Encrypts what this codec writes. The id is {@code aesgcm(…)} around that codec's.
     *
     * @param keyId names the key in each value: 1 to 64 of {@code A-Z a-z 0-9 . _ -}, no secret
     * @param key an AES key of 128, 192 or 256 bits
     * @throws IllegalArgumentException if the key id or the key is none
     */
    public static <V> AesGcmCodec<V> around(Codec<V> codec, String keyId, SecretKey key) {
        Objects.requireNonNull(codec, "codec");
        check(keyId, key);
        return new AesGcmCodec<>(codec, keyId, Map.of(keyId, key), new SecureRandom());
    }

    /**
     * The same, which also reads values encrypted by this key.
     *
     * @throws IllegalArgumentException if the key id or the key is none, or another key has that id
     */
    public AesGcmCodec<V> alsoDecrypting(String keyId, SecretKey key) {
        check(keyId, key);
        Map<String, SecretKey> more = new TreeMap<>(keys);
        if (more.putIfAbsent(keyId, key) != null) {
            throw new IllegalArgumentException("keyId: two keys have the id " + keyId);
        }
        return new AesGcmCodec<>(codec, activeId, more, random);
    }

    private static void check(String keyId, SecretKey key) {
        Objects.requireNonNull(keyId, "keyId");
        Objects.requireNonNull(key, "key");
        if (!KEY_ID.matcher(keyId).matches()) {
            throw new IllegalArgumentException("keyId: must be 1 to 64 of A-Z a-z 0-9 . _ -");
        }
        // A key that lives in a hardware module has no encoded form.
        byte[] encoded = key.getEncoded();
        if (!"AES".equals(key.getAlgorithm())
                || (encoded != null && encoded.length != 16 && encoded.length != 24 && encoded.length != 32)) {
            throw new IllegalArgumentException("key: " + keyId + " is not an AES key of 128, 192 or 256 bits");
        }
    }

    @Override
    public String id() {
        return "aesgcm(" + codec.id() + ")";
    }

    @Override
    public long schema() {
        return codec.schema();
    }

    @Override
    public Compression compression() {
        return codec.compression();
    }

    @Override
    public byte[] encode(V value) {
        byte[] plain = codec.encode(value);
        byte[] keyId = activeId.getBytes(StandardCharsets.US_ASCII);
        byte[] nonce = new byte[NONCE_LENGTH];
        random.nextBytes(nonce);
        ByteBuffer out = ByteBuffer.allocate(Math.addExact(2 + keyId.length + NONCE_LENGTH + TAG_LENGTH, plain.length));
        out.put(FORMAT).put((byte) keyId.length).put(keyId).put(nonce);
        try {
            cipher(Cipher.ENCRYPT_MODE, activeId, nonce).doFinal(ByteBuffer.wrap(plain), out);
            return out.array();
        } catch (GeneralSecurityException e) {
            throw failed("encrypted", e);
        }
    }

    @Override
    public V decode(ByteBuffer bytes) {
        ByteBuffer in = bytes.slice();
        if (in.remaining() < 2 || in.get() != FORMAT) {
            throw new CodecException("not in the format of this encryption");
        }
        int keyIdLength = Byte.toUnsignedInt(in.get());
        if (in.remaining() < keyIdLength + NONCE_LENGTH + TAG_LENGTH) {
            throw new CodecException("the encrypted bytes are cut off");
        }
        byte[] keyId = new byte[keyIdLength];
        byte[] nonce = new byte[NONCE_LENGTH];
        in.get(keyId).get(nonce);
        byte[] encrypted = new byte[in.remaining()];
        in.get(encrypted);
        return codec.decode(ByteBuffer.wrap(decrypted(new String(keyId, StandardCharsets.US_ASCII), nonce, encrypted)));
    }

    private byte[] decrypted(String keyId, byte[] nonce, byte[] encrypted) {
        try {
            return cipher(Cipher.DECRYPT_MODE, keyId, nonce).doFinal(encrypted);
        } catch (GeneralSecurityException e) {
            throw failed("decrypted", e);
        }
    }

    private Cipher cipher(int mode, String keyId, byte[] nonce) throws GeneralSecurityException {
        SecretKey key = keys.get(keyId);
        if (key == null) {
            throw new CodecException("encrypted by a key that this codec does not have");
        }
        Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
        cipher.init(mode, key, new GCMParameterSpec(TAG_LENGTH * Byte.SIZE, nonce));
        // Neither a key id nor a codec's id contains a line feed.
        cipher.updateAAD((FORMAT + "\n" + keyId + "\n" + id() + "\n" + schema()).getBytes(StandardCharsets.UTF_8));
        return cipher;
    }

    private static CodecException failed(String done, GeneralSecurityException e) {
        return new CodecException(
                "the bytes could not be " + done + ": " + e.getClass().getSimpleName());
    }

    /** Names the keys by their ids. */
    @Override
    public String toString() {
        return "AesGcmCodec[encrypts by " + activeId + ", decrypts by " + keys.keySet() + "] around " + codec;
    }
}
