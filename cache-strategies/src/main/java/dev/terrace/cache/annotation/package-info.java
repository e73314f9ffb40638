/**
 * Says on the methods of a repository interface what is cached; {@code dev.terrace.cache.proxy.CachedRepository} makes it so.
 * A method that overrides one of a super-interface has the annotations that it carries itself.
 */
@NullMarked
package dev.terrace.cache.annotation;

import org.jspecify.annotations.NullMarked;
