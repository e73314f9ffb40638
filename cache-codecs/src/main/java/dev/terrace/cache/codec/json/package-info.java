/** JSON codecs over Jackson. */
@NullMarked
package dev.terrace.cache.codec.json;

import org.jspecify.annotations.NullMarked;
