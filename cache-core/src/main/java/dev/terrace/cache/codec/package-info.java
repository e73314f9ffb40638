/**
 * How values become bytes ({@link dev.terrace.cache.codec.Codec}) and keys become text
 * ({@link dev.terrace.cache.codec.KeyCodec}). Codecs here need no library.
 */
@NullMarked
package dev.terrace.cache.codec;

import org.jspecify.annotations.NullMarked;
