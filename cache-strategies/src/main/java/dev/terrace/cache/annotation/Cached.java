package dev.terrace.cache.annotation;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * The method's result is read from the cache, and the method is called to load what no tier has. Its key is what
 * {@link CacheKey} marks.
 *
 * <p>A result may be a value, a primitive, an {@code Optional} or a {@code CompletionStage} of one. Where the key is a
 * collection and the result a map, or a list, set or collection with {@link #elementKey}, the method is cached per element:
 * it is called with the missing keys alone, its result is put together in the order of the keys, and keys without a value are
 * left out.
 *
 * <p>Durations are ISO-8601 ({@code PT5M}) or a number with {@code ms}, {@code s}, {@code m}, {@code h} or {@code d}.
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.METHOD)
public @interface Cached {

    /** The name of the cache. */
    String value();

    /** How long a loaded value is fresh. Default: as the cache says. */
    String freshFor() default "";

    /** How long it may be served stale after that. Default: as the cache says. */
    String staleFor() default "";

    /** How long it is remembered that there is nothing. Default: as the cache says. */
    String negativeFor() default "";

    /**
     * Tags of a loaded value. {@code {name}}, {@code {0}} and {@code {0.shop.id}} stand for parameters, by name (compile with
     * {@code -parameters}) or position, and their properties.
     */
    String[] tags() default {};

    /** The property of an element that is its key, where a method for many keys returns a list, set or collection. */
    String elementKey() default "";

    /** Makes the key instead of {@link CacheKey}; has a constructor without parameters. */
    Class<? extends KeyFunction> keyFunction() default KeyFunction.None.class;

    /** Calls for which it does not hold go past the cache; has a constructor without parameters. */
    Class<? extends CacheCondition> condition() default CacheCondition.Always.class;
}
