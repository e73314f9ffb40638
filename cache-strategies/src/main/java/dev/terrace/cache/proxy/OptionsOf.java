package dev.terrace.cache.proxy;

import dev.terrace.cache.EntryOptions;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** How a call's values are stored. */
@FunctionalInterface
interface OptionsOf {

    EntryOptions options(@Nullable Object[] arguments);

    /** What they are for every call, or null. */
    default @Nullable EntryOptions constant() {
        return null;
    }

    /** The same for every call. */
    record Constant(EntryOptions constant) implements OptionsOf {

        @Override
        public EntryOptions options(@Nullable Object[] arguments) {
            return constant;
        }
    }

    /** @throws Mistake if a duration is none */
    static OptionsOf of(String freshFor, String staleFor, String negativeFor, TagsOf tags) {
        EntryOptions options = EntryOptions.DEFAULT;
        Duration fresh = RepositoryMethod.duration("freshFor", freshFor);
        options = fresh == null ? options : options.withFreshFor(fresh);
        Duration stale = RepositoryMethod.duration("staleFor", staleFor);
        options = stale == null ? options : options.withStaleFor(stale);
        Duration negative = RepositoryMethod.duration("negativeFor", negativeFor);
        options = negative == null ? options : options.withNegativeFor(negative);
        EntryOptions untagged = options;
        if (tags.areConstant()) {
            EntryOptions constant = tags.isEmpty() ? untagged : untagged.withTags(tags.tags(new Object[0]));
            return new Constant(constant);
        }
        return arguments -> untagged.withTags(tags.tags(arguments));
    }
}
