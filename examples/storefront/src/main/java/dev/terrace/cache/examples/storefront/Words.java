package dev.terrace.cache.examples.storefront;

import java.util.SplittableRandom;

/** Makes up names and sentences. */
final class Words {

    private static final String[] SYLLABLES = {
        "ba", "cor", "del", "en", "fi", "gra", "ho", "il", "jun", "ka", "lo", "mer", "no", "or", "pel", "qui", "ra",
        "sol", "ta", "ul", "ver", "wen", "xa", "yo", "zi"
    };

    private final SplittableRandom random;

    Words(SplittableRandom random) {
        this.random = random;
    }

    /** So many words, each with a capital. */
    String name(int words) {
        StringBuilder name = new StringBuilder();
        for (int i = 0; i < words; i++) {
            String word = word();
            name.append(i == 0 ? "" : " ")
                    .append(Character.toUpperCase(word.charAt(0)))
                    .append(word, 1, word.length());
        }
        return name.toString();
    }

    /** So many words, a capital and a full stop. */
    String sentence(int words) {
        StringBuilder sentence = new StringBuilder(name(1));
        for (int i = 1; i < words; i++) {
            sentence.append(' ').append(word());
        }
        return sentence.append('.').toString();
    }

    private String word() {
        StringBuilder word = new StringBuilder();
        for (int syllables = 2 + random.nextInt(2); syllables > 0; syllables--) {
            word.append(SYLLABLES[random.nextInt(SYLLABLES.length)]);
        }
        return word.toString();
    }
}
