package dev.terrace.cache;

import dev.terrace.cache.spi.RecordFormat;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.regex.Pattern;

/** Refuses settings that cannot work, naming them. */
final class Checks {

    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9._-]{1,100}");
    private static final int MAX_TAG_LENGTH = RecordFormat.MAX_TAG_LENGTH;
    private static final int MAX_TAGS = RecordFormat.MAX_TAGS;

    /** Longer than any cache lives, short enough for nanoseconds in a long to add up. */
    static final Duration FOREVER = Duration.ofDays(36_500);

    private Checks() {}

    static String name(String name) {
        if (!NAME.matcher(name).matches()) {
            throw new IllegalArgumentException("name: must be 1 to 100 of A-Z a-z 0-9 . _ -, not \"" + name + "\"");
        }
        return name;
    }

    static Duration positive(String setting, Duration value) {
        Objects.requireNonNull(value, setting);
        if (value.isNegative() || value.isZero()) {
            throw new IllegalArgumentException(setting + ": must be positive, not " + value);
        }
        return atMostForever(value);
    }

    static Duration notNegative(String setting, Duration value) {
        Objects.requireNonNull(value, setting);
        if (value.isNegative()) {
            throw new IllegalArgumentException(setting + ": must not be negative, not " + value);
        }
        return atMostForever(value);
    }

    static int positive(String setting, int value) {
        if (value <= 0) {
            throw new IllegalArgumentException(setting + ": must be positive, not " + value);
        }
        return value;
    }

    static List<String> tags(List<String> tags) {
        if (tags.size() > MAX_TAGS) {
            throw new IllegalArgumentException("tags: at most " + MAX_TAGS + " per entry, not " + tags.size());
        }
        tags.forEach(Checks::tag);
        return List.copyOf(tags);
    }

    static String tag(String tag) {
        Objects.requireNonNull(tag, "tag");
        if (tag.isEmpty() || tag.length() > MAX_TAG_LENGTH || tag.equals("*")) {
            throw new IllegalArgumentException(
                    "tag: must have 1 to " + MAX_TAG_LENGTH + " characters and not be \"*\", not \"" + tag + "\"");
        }
        return wellFormed("tag", tag);
    }

    /** A record holds UTF-8, which half a surrogate pair does not have: it would come back as something else. */
    static String wellFormed(String setting, String text) {
        if (!StandardCharsets.UTF_8.newEncoder().canEncode(text)) {
            throw new IllegalArgumentException(setting + ": has half a surrogate pair");
        }
        return text;
    }

    private static Duration atMostForever(Duration value) {
        return value.compareTo(FOREVER) > 0 ? FOREVER : value;
    }
}
