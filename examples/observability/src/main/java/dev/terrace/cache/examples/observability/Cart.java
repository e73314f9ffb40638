package dev.terrace.cache.examples.observability;

/** What a customer is about to buy. */
public record Cart(long id, String products) {}
