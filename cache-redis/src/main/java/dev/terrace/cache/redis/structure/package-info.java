/**
 * Thin typed views of Redis' data structures, with codecs, times to live and budgets. Each has the operations of its use; for
 * everything else there is {@link dev.terrace.cache.redis.SharedRedis#unwrap}.
 */
@NullMarked
package dev.terrace.cache.redis.structure;

import org.jspecify.annotations.NullMarked;
