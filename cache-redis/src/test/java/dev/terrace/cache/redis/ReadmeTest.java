package dev.terrace.cache.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrace.cache.Cache;
import dev.terrace.cache.Changes;
import dev.terrace.cache.Near;
import dev.terrace.cache.codec.json.JsonCodec;
import dev.terrace.cache.testkit.RedisServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The README's examples run as they stand there: each is a region of this file. */
final class ReadmeTest {

    private static final Pattern EXAMPLE =
            Pattern.compile("<!-- region ([\\w-]+) -->\\R```java\\R(.*?)```", Pattern.DOTALL);

    private final Catalogue catalogue = new Catalogue();

    @Test
    void theReadmeShowsWhatRunsHere() throws IOException {
        String source = Files.readString(Path.of("src/test/java/dev/terrace/cache/redis/ReadmeTest.java"));
        Matcher example = EXAMPLE.matcher(Files.readString(Path.of("../README.md")));
        int examples = 0;
        while (example.find()) {
            examples++;
            assertThat(example.group(2)).as(example.group(1)).isEqualTo(region(source, example.group(1)));
        }
        assertThat(examples).isEqualTo(3);
    }

    private static String region(String source, String name) {
        Matcher region = Pattern.compile(" +// region " + name + "\\R(.*?) +// endregion", Pattern.DOTALL)
                .matcher(source);
        assertThat(region.find()).as("region %s", name).isTrue();
        return region.group(1).stripTrailing().stripIndent() + "\n";
    }

    @Test
    void theQuickStartCachesInProcess() {
        // region quick-start
        Cache<Long, Product> products = Cache.<Long, Product>builder("products")
                .near(Near.maximumSize(10_000))
                .freshFor(Duration.ofMinutes(5))
                .loader(catalogue::findById)
                .build();

        Product product = products.get(42L);
        // endregion
        try (products) {
            assertThat(product).isEqualTo(new Product(42, "product 42"));
            assertThat(products.get(42L)).isSameAs(product);
        }
    }

    @Test
    void twoTiersShareARedisAndChangesAreAppliedAfterTheCommit() {
        try (RedisServer server = RedisServer.start()) {
            String uri = server.uri();
            // region two-tiers
            RedisFarTier redis = RedisFarTier.connect(uri);

            Cache<Long, Product> products = Cache.<Long, Product>builder("products")
                    .near(Near.maximumSize(10_000))
                    .far(redis, JsonCodec.of(Product.class))
                    .freshFor(Duration.ofMinutes(5))
                    .staleFor(Duration.ofHours(1))
                    .loader(catalogue::findById)
                    .bulkLoader(catalogue::findAllById)
                    .build();

            Product product = products.get(42L);
            Map<Long, Product> several = products.getAll(List.of(1L, 2L, 3L));
            // endregion
            try (redis;
                    products) {
                assertThat(several).hasSize(3);
                change(products, new Product(product.id(), "renamed"));
                assertThat(products.get(42L).name()).isEqualTo("renamed");
            }
        }
    }

    private void change(Cache<Long, Product> products, Product product) {
        // region changes
        try (Changes<Long, Product> changes = products.changes()) {
            catalogue.update(product);
            changes.invalidate(product.id());
            changes.apply();
        }
        // endregion
    }

    record Product(long id, String name) {}

    private static final class Catalogue {

        private final Map<Long, Product> renamed = new ConcurrentHashMap<>();

        Product findById(long id) {
            return renamed.getOrDefault(id, new Product(id, "product " + id));
        }

        Map<Long, Product> findAllById(Collection<Long> ids) {
            Map<Long, Product> found = new HashMap<>();
            ids.forEach(id -> found.put(id, findById(id)));
            return found;
        }

        void update(Product product) {
            renamed.put(product.id(), product);
        }
    }
}
