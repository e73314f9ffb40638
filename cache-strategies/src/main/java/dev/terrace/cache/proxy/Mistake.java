package dev.terrace.cache.proxy;

/** Something that is wrong with one method of a repository. */
final class Mistake extends RuntimeException {

    private static final long serialVersionUID = 1L;

    Mistake(String message) {
        super(message, null, false, false);
    }
}
