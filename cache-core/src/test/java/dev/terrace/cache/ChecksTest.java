package dev.terrace.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.Collections;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class ChecksTest {

    @ParameterizedTest
    @ValueSource(strings = {"shop:7", "grüne 🎻", "**"})
    void aTagIsAnyText(String tag) {
        assertThat(Checks.tag(tag)).isEqualTo(tag);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "*", "a\uD83C", "\uDFBB"})
    void aTagThatARecordCannotHoldIsRefused(String tag) {
        assertThatIllegalArgumentException().isThrownBy(() -> Checks.tag(tag)).withMessageStartingWith("tag: ");
    }

    @Test
    void tooLongOrTooManyTagsAreRefused() {
        assertThatIllegalArgumentException().isThrownBy(() -> Checks.tag("x".repeat(201)));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Checks.tags(Collections.nCopies(101, "x")))
                .withMessageStartingWith("tags: ");
        assertThat(Checks.tags(Collections.nCopies(100, "x".repeat(200)))).hasSize(100);
    }
}
