package dev.terrace.cache.examples.repository;

record Product(long id, String name, String shop) {}
