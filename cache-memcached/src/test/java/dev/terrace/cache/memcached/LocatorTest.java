package dev.terrace.cache.memcached;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Properties;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class LocatorTest {

    private static final int KEYS = 1_000;

    @Test
    void ketamaPlacesEveryKeyAsLibmemcachedDoes() throws IOException {
        assertPlaced("equal", servers("10.0.0.1", 1, "10.0.0.2", 1, "10.0.0.3", 1));
    }

    @Test
    void ketamaPlacesEveryKeyAsLibmemcachedDoesAlsoWithWeights() throws IOException {
        assertPlaced("weighted", servers("10.0.0.1:11211", 1, "10.0.0.2:11212", 2, "10.0.0.3:11213", 5));
    }

    private static void assertPlaced(String golden, List<Address> servers) throws IOException {
        Properties properties = new Properties();
        try (InputStream in = LocatorTest.class.getResourceAsStream("ketama.properties")) {
            properties.load(Objects.requireNonNull(in));
        }
        Locator locator = Locator.of(MemcachedFarTier.Placement.KETAMA, servers);
        StringBuilder placed = new StringBuilder();
        IntStream.range(0, KEYS).forEach(i -> placed.append(locator.locate("t:products:" + i)));
        assertThat(placed.toString()).isEqualTo(properties.getProperty(golden));
    }

    @ParameterizedTest
    @CsvSource({
        "'', 0",
        "hello, 248bfa47",
        "'hello, world', 149bbb7f",
        "The quick brown fox jumps over the lazy dog, 2e4ff723"
    })
    void murmur3IsTheOneThatIsPublished(String text, String hash) {
        assertThat(Integer.toHexString(Locator.Rendezvous.murmur3(text.getBytes(StandardCharsets.US_ASCII))))
                .isEqualTo(hash);
    }

    @Test
    void rendezvousGivesEachServerItsShareAndMovesOnlyTheKeysOfOneThatLeaves() {
        List<Address> three = servers("a", 1, "b", 1, "c", 1);
        Locator all = Locator.of(MemcachedFarTier.Placement.RENDEZVOUS, three);
        Locator without = Locator.of(MemcachedFarTier.Placement.RENDEZVOUS, three.subList(0, 2));
        int[] shares = new int[3];
        for (int i = 0; i < KEYS; i++) {
            int at = all.locate("key" + i);
            shares[at]++;
            if (at != 2) {
                assertThat(without.locate("key" + i)).isEqualTo(at);
            }
        }
        for (int share : shares) {
            assertThat(share).isBetween(KEYS / 4, KEYS / 2);
        }
    }

    @Test
    void theOrderInWhichServersAreListedDoesNotMatter() {
        List<Address> one = servers("a:1", 1, "b:2", 1, "c:3", 1);
        List<Address> other = List.of(one.get(2), one.get(0), one.get(1));
        for (MemcachedFarTier.Placement placement : MemcachedFarTier.Placement.values()) {
            Locator first = Locator.of(placement, one);
            Locator second = Locator.of(placement, other);
            for (int i = 0; i < KEYS; i++) {
                assertThat(one.get(first.locate("key" + i))).isEqualTo(other.get(second.locate("key" + i)));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " , ",
                "host:",
                "host:x",
                "host:0",
                "host:65536",
                "ho st:1:2",
                "http://host",
                "host;other",
                "[::1",
                "a,a",
                "a:11211,a"
            })
    void aListWithAMistakeIsRefused(String list) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Address.parseAll(list))
                .withMessageStartingWith("servers: ");
    }

    @Test
    void addressesAreReadAsTheyAreWritten() {
        assertThat(Address.parseAll("a, b:1 [::1]:2\n127.0.0.1"))
                .containsExactly(
                        new Address("a", 11211, 1),
                        new Address("b", 1, 1),
                        new Address("::1", 2, 1),
                        new Address("127.0.0.1", 11211, 1));
        assertThat(new Address("::1", 2, 1)).hasToString("[::1]:2");
    }

    private static List<Address> servers(Object... namesAndWeights) {
        List<Address> servers = new ArrayList<>();
        for (int i = 0; i < namesAndWeights.length; i += 2) {
            servers.add(Address.parse((String) namesAndWeights[i], (Integer) namesAndWeights[i + 1]));
        }
        return servers;
    }
}
