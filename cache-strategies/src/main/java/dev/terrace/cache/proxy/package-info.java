/**
 * Makes a repository interface with {@link dev.terrace.cache.annotation annotations} cached: a JDK proxy around the
 * application's own implementation, with everything looked up and checked when it is made.
 */
@NullMarked
package dev.terrace.cache.proxy;

import org.jspecify.annotations.NullMarked;
