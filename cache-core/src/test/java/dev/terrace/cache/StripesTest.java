package dev.terrace.cache;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
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
    void otherStripesAreNotMoved() {
        List<Long> stamps = IntStream.range(0, 100).mapToObj(stripes::stamp).toList();
        stripes.bump("key");
        long unchanged = IntStream.range(0, 100)
                .filter(i -> stripes.unchanged(i, stamps.get(i)))
                .count();
        assertThat(unchanged).isBetween(80L, 99L);
    }

    @Test
    void keysThatDifferInHighBitsAloneAreSpread() {
        Stripes many = new Stripes(4_096);
        int moved = 0;
        for (int i = 0; i < 1_024; i++) {
            long stamp = many.stamp(i << 20);
            many.bump(((i + 1) % 1_024) << 20);
            moved += many.unchanged(i << 20, stamp) ? 0 : 1;
        }
        assertThat(moved).isLessThan(10);
    }

    @Test
    void noStampEqualsTheSignOfAChange() {
        assertThat(stripes.unchanged("key", Stripes.CHANGED)).isFalse();
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
    void aWriteWithinAnotherMayNotStoreItsValue() {
        long first = stripes.beginWrite("key");
        long second = stripes.beginWrite("key");
        long stamp = stripes.endWrite("key", second);
        assertThat(stripes.unchanged("key", stamp)).isFalse();
        assertThat(stripes.endWrite("key", first)).isEqualTo(Stripes.CHANGED);
        assertThat(stripes.unchanged("key", stamp)).isFalse();
    }

    @Test
    void aWriteDuringWhichAnInvalidationCameMayNotStoreItsValue() {
        long begun = stripes.beginWrite("key");
        stripes.bump("key");
        assertThat(stripes.endWrite("key", begun)).isEqualTo(Stripes.CHANGED);
    }

    @Test
    void aWriteDuringWhichAllKeysChangedMayNotStoreItsValue() {
        long begun = stripes.beginWrite("key");
        stripes.bumpAll();
        assertThat(stripes.endWrite("key", begun)).isEqualTo(Stripes.CHANGED);
    }

    @Test
    void whenAllWritesHaveEndedTheStripeIsInUseAgain() {
        List<Long> begun = new ArrayList<>();
        for (int i = 0; i < 5_000; i++) {
            begun.add(stripes.beginWrite("key"));
        }
        Collections.shuffle(begun, new Random(42));
        begun.forEach(write -> assertThat(stripes.endWrite("key", write)).isEqualTo(Stripes.CHANGED));

        assertThat(stripes.unchanged("key", stripes.stamp("key"))).isTrue();
        assertThat(stripes.endWrite("key", stripes.beginWrite("key"))).isNotEqualTo(Stripes.CHANGED);
    }
}
