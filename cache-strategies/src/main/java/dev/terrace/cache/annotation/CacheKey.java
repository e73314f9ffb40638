package dev.terrace.cache.annotation;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * The parameter, or a property of it, is the key. Several in one method make a composite key, in their order
 * ({@code dev.terrace.cache.proxy.CompositeKey}).
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.PARAMETER)
public @interface CacheKey {

    /**
     * The way to the key, such as {@code id} or {@code owner.id}: record components, getters ({@code getId}, {@code isOpen})
     * or methods of that name. Empty for the parameter itself.
     */
    String value() default "";
}
