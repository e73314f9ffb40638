package dev.terrace.cache.memcached;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class KeysTest {

    @Test
    void whatIsPrintableStaysAsItIs() {
        Keys keys = new Keys("", "products");
        assertThat(keys.record("42")).isEqualTo("t:products:42");
        assertThat(keys.lease("42")).isEqualTo("l:products:42");
        assertThat(keys.marker("red")).isEqualTo("m:products:red");
        assertThat(keys.counter()).isEqualTo("s:products");
        assertThat(new Keys("shop", "products").record("42")).isEqualTo("t:shop/products:42");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "a b",
                "k\r\nset injected 0 0 1\r\nx",
                "\u0000",
                "tab\there",
                "größe",
                "\uD83D\uDE00",
                "\u007f"
            })
    void nothingElseReachesTheWire(String key) {
        Keys keys = new Keys("", "products");
        assertThat(List.of(keys.record(key), keys.lease(key), keys.marker(key)))
                .allSatisfy(name -> assertThat(name).matches("[!-~]{1,250}").doesNotContain(" "));
    }

    @Test
    void noNameIsLongerThanAServerTakes() {
        String longest = "k".repeat(200);
        Keys keys = new Keys("n".repeat(300), "c".repeat(300));
        assertThat(keys.record(longest)).hasSizeLessThanOrEqualTo(250).endsWith(longest);
        assertThat(keys.marker("t".repeat(300))).hasSizeLessThanOrEqualTo(250);
        assertThat(keys.counter()).hasSizeLessThanOrEqualTo(250);
    }

    @Test
    void differentThingsHaveDifferentNames() {
        Set<String> names = new HashSet<>();
        int expected = 0;
        for (String cache : List.of("a", "b", "c".repeat(300), "c".repeat(301))) {
            Keys keys = new Keys("", cache);
            for (String key : List.of("1", "1:1", " ", "  ", "k".repeat(250), "k".repeat(251))) {
                names.addAll(List.of(keys.record(key), keys.lease(key), keys.marker(key)));
                expected += 3;
            }
            names.add(keys.counter());
            expected++;
        }
        assertThat(names).hasSize(expected);
    }
}
