package dev.terrace.cache;

import org.jspecify.annotations.Nullable;

/**
 * Under which key a record is stored.
 *
 * @param text printable ASCII without spaces and braces, at most {@value FarKeys#MAX_LENGTH} characters
 * @param fullKey where {@code text} holds a hash: what the record must have as its full key, else {@code null}
 */
record FarKey(String text, @Nullable String fullKey) {}
