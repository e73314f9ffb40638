/** A repository over JDBC that is cached by annotations on its interface. */
@NullMarked
package dev.terrace.cache.examples.repository;

import org.jspecify.annotations.NullMarked;
