package dev.terrace.cache.annotation;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Repeatable;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * The method changes the store; then keys, tags or everything are invalidated, also where it threw, since it may have changed
 * something all the same. A collection marked with {@link CacheKey} stands for each of its elements.
 *
 * <p>Where the method only takes part in a transaction that commits later, this is too early: use
 * {@link dev.terrace.cache.Cache#changes} there.
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.METHOD)
@Repeatable(CacheInvalidate.List.class)
public @interface CacheInvalidate {

    /** The name of the cache. */
    String value();

    /** Tags to invalidate, as in {@link Cached#tags}, in place of what {@link CacheKey} marks. */
    String[] tags() default {};

    /** Invalidates everything in the cache. */
    boolean all() default false;

    /** Makes the key instead of {@link CacheKey}; has a constructor without parameters. */
    Class<? extends KeyFunction> keyFunction() default KeyFunction.None.class;

    /** Calls for which it does not hold leave the cache alone; has a constructor without parameters. */
    Class<? extends CacheCondition> condition() default CacheCondition.Always.class;

    /** Holds several. */
    @Documented
    @Retention(RetentionPolicy.RUNTIME)
    @Target(ElementType.METHOD)
    @interface List {
        /** Each of them. */
        CacheInvalidate[] value();
    }
}
