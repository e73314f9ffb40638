package dev.terrace.cache;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class StripesTest {

    private final Stripes stripes = new Stripes(16);

    @Test
    void aStampHoldsUntilItsStripeChanges() {
        long stamp = stripes.stamp("key");
        assertThat(stripes.unchanged("key", stamp)).isTrue();
        stripes.bump("key");
        assertThat(stripes.unchanged("key", stamp)).isFalse();
    }

    @Test
    void aChangeOfAllKeysEndsEveryStamp() {
        long stamp = stripes.stamp("key");
        stripes.bumpAll();
        assertThat(stripes.unchanged("key", stamp)).isFalse();
    }

    @Test
    void aLoadThatBeganDuringAWriteIsNotStored() {
        long begun = stripes.beginWrite("key");
        long stamp = stripes.stamp("key");
        assertThat(stripes.unchanged("key", stamp))
                .as("before the write has ended")
                .isFalse();
        stripes.endWrite("key", begun);
        assertThat(stripes.unchanged("key", stamp))
                .as("after the write has ended")
                .isFalse();
    }

    @Test
    void aWriteThatWasAloneMayStoreItsValue() {
        long begun = stripes.beginWrite("key");
        long stamp = stripes.endWrite("key", begun);
        assertThat(stripes.unchanged("key", stamp)).isTrue();
        assertThat(stripes.unchanged("key", stripes.stamp("key"))).isTrue();
    }

    @Test
    void ofTwoWritesAtOnceNeitherMayStoreItsValue() {
        long first = stripes.beginWrite("key");
        long second = stripes.beginWrite("key");
        assertThat(stripes.endWrite("key", first)).isEqualTo(Stripes.CHANGED);
        assertThat(stripes.endWrite("key", second)).isEqualTo(Stripes.CHANGED);
    }

    @Test
    void aWriteDuringWhichAnInvalidationCameMayNotStoreItsValue() {
        long begun = stripes.beginWrite("key");
        stripes.bump("key");
        assertThat(stripes.endWrite("key", begun)).isEqualTo(Stripes.CHANGED);
    }
}
