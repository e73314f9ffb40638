package dev.terrace.cache.annotation;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * The method writes the store; then what it returns is put into the cache under the key that {@link CacheKey} marks. A method
 * that returns nothing puts the parameter of which a property is the key. Null, an empty {@code Optional}, and two calls for
 * one key at the same time invalidate the key instead; so does a method that returns a {@code CompletionStage}, once that is
 * complete. A method that throws leaves the cache as it was; a cache that throws after it has the key invalidated.
 *
 * <p>Where {@link CacheKey} names a property of a parameter, and what is put is declared with that parameter's very type, the
 * key and the tags are worked out after the call, from what is put: {@code save(new Product(null, "new"))} that returns product
 * 57 is cached under 57. The parameter has the key only where that has none; if neither has, nothing is cached. In all other
 * cases (a key that is a parameter itself, a {@code keyFunction}, a result of another type, two marked parameters of the
 * result's type) they are worked out from the parameters, before the call, and a key that is null is refused then.
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.METHOD)
public @interface CachePut {

    /** The name of the cache. */
    String value();

    /** How long the value is fresh. Default: as the cache says. */
    String freshFor() default "";

    /** How long it may be served stale after that. Default: as the cache says. */
    String staleFor() default "";

    /** Tags of the value, as in {@link Cached#tags}. */
    String[] tags() default {};

    /** Makes the key instead of {@link CacheKey}; has a constructor without parameters. */
    Class<? extends KeyFunction> keyFunction() default KeyFunction.None.class;

    /** Calls for which it does not hold leave the cache alone; has a constructor without parameters. */
    Class<? extends CacheCondition> condition() default CacheCondition.Always.class;
}
