package dev.terrace.cache.examples.observability;

/** What the shop sells. */
public record Product(long id, String name, int cents) {}
