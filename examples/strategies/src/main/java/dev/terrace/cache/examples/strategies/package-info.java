/** Each strategy over a database that is slow and fails: what the caller saw, the cache held and the store received. */
@NullMarked
package dev.terrace.cache.examples.strategies;

import org.jspecify.annotations.NullMarked;
