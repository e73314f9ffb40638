package dev.terrace.cache.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terrace.cache.Cache;
import dev.terrace.cache.Caches;
import dev.terrace.cache.Near;
import dev.terrace.cache.annotation.CacheCondition;
import dev.terrace.cache.annotation.CacheInvalidate;
import dev.terrace.cache.annotation.CacheKey;
import dev.terrace.cache.annotation.CachePut;
import dev.terrace.cache.annotation.Cached;
import dev.terrace.cache.annotation.KeyFunction;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A repository by annotations: what goes through the cache, in which shape, and what the delegate sees. */
final class CachedRepositoryTest {

    record Product(long id, String name, Shop shop) {}

    record Shop(String town) {}

    interface Crud<T, I> {
        @Cached("products")
        T findById(@CacheKey I id);

        @CachePut("products")
        T save(@CacheKey("id") T product);
    }

    interface Products extends Crud<Product, Long> {
        @Cached("products")
        Optional<Product> look(@CacheKey long id);

        @Cached("products")
        CompletionStage<Product> later(@CacheKey long id);

        @Cached("products")
        CompletableFuture<Optional<Product>> lookLater(@CacheKey long id);

        @Cached("products")
        Map<Long, Product> findAllById(@CacheKey Collection<Long> ids);

        @Cached(value = "products", elementKey = "id")
        List<Product> listAllById(@CacheKey Set<Long> ids);

        @CachePut("products")
        void store(@CacheKey("id") Product product);

        @CachePut("products")
        CompletionStage<Product> storeLater(@CacheKey("id") Product product);

        @CacheInvalidate("products")
        void delete(@CacheKey long id);

        @CacheInvalidate("products")
        int deleteAll(@CacheKey List<Long> ids);

        @CacheInvalidate("products")
        CompletionStage<Void> deleteLater(@CacheKey long id);

        @CacheInvalidate(value = "products", all = true)
        void truncate();

        @Cached(
                value = "names",
                freshFor = "1m",
                tags = {"towns", "town:{0}"})
        List<String> namesIn(@CacheKey String town);

        @CacheInvalidate(value = "names", tags = "town:{0.shop.town}")
        void move(Product product);

        @Cached("counts")
        int countIn(@CacheKey String town, @CacheKey int floor);

        @Cached(value = "names", negativeFor = "1m")
        @Nullable
        String nameOf(@CacheKey String key);

        @Cached(value = "names", condition = NoX.class)
        String upper(@CacheKey String key);

        @Cached(value = "names", keyFunction = Joined.class)
        String joined(String a, String b);

        @Cached("products")
        Product checked(@CacheKey long id) throws IOException;

        default String describe(long id) {
            return "product " + findById(id).name();
        }

        default String overridden() {
            return "default";
        }
    }

    static final class NoX implements CacheCondition {
        @Override
        public boolean test(@Nullable Object[] arguments) {
            return !"x".equals(arguments[0]);
        }
    }

    static final class Joined implements KeyFunction {
        @Override
        public Object key(@Nullable Object[] arguments) {
            return arguments[0] + "+" + arguments[1];
        }
    }

    /** The application's own repository, which notes what it is asked. */
    private static class Jdbc implements Products {

        final Map<Long, Product> rows = new TreeMap<>();
        final List<String> calls = new ArrayList<>();

        @Nullable
        RuntimeException failure;

        @Nullable
        IOException checkedFailure;

        private void called(String call) {
            calls.add(call);
            if (failure != null) {
                throw failure;
            }
        }

        @Override
        public Product findById(Long id) {
            called("find " + id);
            return rows.get(id);
        }

        @Override
        public Product save(Product product) {
            called("save " + product.id());
            rows.put(product.id(), product);
            return product;
        }

        @Override
        public Optional<Product> look(long id) {
            return Optional.ofNullable(findById(id));
        }

        @Override
        public CompletionStage<Product> later(long id) {
            return CompletableFuture.completedFuture(findById(id));
        }

        @Override
        public CompletableFuture<Optional<Product>> lookLater(long id) {
            return CompletableFuture.completedFuture(look(id));
        }

        @Override
        public Map<Long, Product> findAllById(Collection<Long> ids) {
            called("findAll " + ids);
            Map<Long, Product> found = new LinkedHashMap<>(rows);
            found.keySet().retainAll(ids);
            return found;
        }

        @Override
        public List<Product> listAllById(Set<Long> ids) {
            called("list " + ids);
            return rows.values().stream().filter(row -> ids.contains(row.id())).toList();
        }

        @Override
        public void store(Product product) {
            save(product);
        }

        @Override
        public CompletionStage<Product> storeLater(Product product) {
            return CompletableFuture.completedFuture(save(product));
        }

        @Override
        public void delete(long id) {
            rows.remove(id);
            called("delete " + id);
        }

        @Override
        public int deleteAll(List<Long> ids) {
            called("deleteAll " + ids);
            ids.forEach(rows::remove);
            return ids.size();
        }

        @Override
        public CompletionStage<Void> deleteLater(long id) {
            rows.remove(id);
            return CompletableFuture.completedFuture(null);
        }

        @Override
        public void truncate() {
            rows.clear();
        }

        @Override
        public List<String> namesIn(String town) {
            called("names " + town);
            return List.of(town + " " + calls.size());
        }

        @Override
        public void move(Product product) {}

        @Override
        public int countIn(String town, int floor) {
            called("count " + town + floor);
            return calls.size();
        }

        @Override
        public @Nullable String nameOf(String key) {
            called("name " + key);
            return null;
        }

        @Override
        public String upper(String key) {
            called("upper " + key);
            return key + calls.size();
        }

        @Override
        public String joined(String a, String b) {
            called("joined");
            return a + b;
        }

        @Override
        public Product checked(long id) throws IOException {
            if (checkedFailure != null) {
                throw checkedFailure;
            }
            return findById(id);
        }

        @Override
        public String overridden() {
            return "own";
        }

        @Override
        public String toString() {
            return "jdbc";
        }
    }

    private final Caches caches = Caches.builder()
            .defaults(builder -> builder.freshFor(Duration.ofMinutes(5)))
            .build();
    private final Jdbc jdbc = new Jdbc();
    private final Cache<Long, Product> products = cache("products");
    private final Cache<String, Object> names = cache("names");
    private final Cache<CompositeKey, Integer> counts = cache("counts");
    private final Products repository = CachedRepository.wrap(Products.class, jdbc, caches);

    private <K, V> Cache<K, V> cache(String name) {
        return caches.<K, V>cache(name).near(Near.maximumSize(100)).build();
    }

    private static Product product(long id) {
        return new Product(id, "p" + id, new Shop("Bern"));
    }

    @AfterEach
    void close() {
        caches.close();
    }

    @Test
    void aValueIsReadOnceInWhateverShapeItIsReturned() throws Exception {
        jdbc.rows.put(1L, product(1));
        assertThat(repository.findById(1L)).isEqualTo(product(1));
        assertThat(repository.look(1)).contains(product(1));
        assertThat(repository.later(1).toCompletableFuture().get()).isEqualTo(product(1));
        assertThat(repository.lookLater(1).get()).contains(product(1));
        assertThat(repository.checked(1)).isEqualTo(product(1));
        assertThat(products.getIfPresent(1L)).isEqualTo(product(1));
        assertThat(jdbc.calls).containsExactly("find 1");
        assertThat(repository.look(2)).isEmpty();
        assertThat(repository.lookLater(2).get()).isEmpty();
    }

    @Test
    void everyShapeLoads() throws Exception {
        for (long id = 1; id <= 3; id++) {
            jdbc.rows.put(id, product(id));
        }
        assertThat(repository.look(1)).contains(product(1));
        assertThat(repository.later(2).toCompletableFuture().get()).isEqualTo(product(2));
        assertThat(repository.lookLater(3).get()).contains(product(3));
        assertThat(products.getAllPresent(List.of(1L, 2L, 3L))).hasSize(3);
    }

    @Test
    void manyAreCachedOneByOneInTheOrderOfTheirKeys() {
        jdbc.rows.putAll(Map.of(1L, product(1), 2L, product(2), 3L, product(3)));
        repository.findById(2L);
        jdbc.calls.clear();
        assertThat(repository.findAllById(List.of(3L, 9L, 2L, 1L)))
                .containsExactly(Map.entry(3L, product(3)), Map.entry(2L, product(2)), Map.entry(1L, product(1)));
        assertThat(jdbc.calls).containsExactly("findAll [3, 9, 1]");
        jdbc.calls.clear();
        assertThat(repository.listAllById(new LinkedHashSet<>(List.of(2L, 3L, 1L))))
                .containsExactly(product(2), product(3), product(1));
        assertThat(repository.findById(1L)).isEqualTo(product(1));
        assertThat(jdbc.calls).isEmpty();
        products.clear();
        assertThat(repository.listAllById(new LinkedHashSet<>(List.of(9L, 3L)))).containsExactly(product(3));
        assertThat(jdbc.calls).containsExactly("list [9, 3]");
    }

    @Test
    void whatIsStoredIsPut() throws Exception {
        repository.save(product(1));
        repository.store(product(2));
        assertThat(repository.findById(1L)).isEqualTo(product(1));
        assertThat(repository.findById(2L)).isEqualTo(product(2));
        assertThat(jdbc.calls).containsExactly("save 1", "save 2");
        repository
                .storeLater(new Product(1, "new", new Shop("Bern")))
                .toCompletableFuture()
                .get();
        assertThat(repository.findById(1L).name()).isEqualTo("new");
    }

    @Test
    void aPutThatFailsLeavesTheCacheAsItWas() {
        repository.save(product(1));
        jdbc.failure = new IllegalStateException("down");
        assertThatThrownBy(() -> repository.save(new Product(1, "new", new Shop("Bern"))))
                .isSameAs(jdbc.failure);
        assertThat(products.getIfPresent(1L)).isEqualTo(product(1));
    }

    @Test
    void whatIsDeletedGoes() throws Exception {
        for (long id = 1; id <= 5; id++) {
            repository.save(product(id));
        }
        repository.delete(1);
        assertThat(repository.deleteAll(List.of(2L, 3L))).isEqualTo(2);
        repository.deleteLater(4).toCompletableFuture().get();
        assertThat(products.getAllPresent(List.of(1L, 2L, 3L, 4L, 5L))).containsOnlyKeys(5L);
        repository.truncate();
        assertThat(products.getIfPresent(5L)).isNull();
    }

    @Test
    void aDeleteThatFailsForgetsAllTheSame() {
        repository.save(product(1));
        jdbc.failure = new IllegalStateException("connection lost");
        assertThatThrownBy(() -> repository.delete(1)).isSameAs(jdbc.failure);
        assertThat(products.getIfPresent(1L)).isNull();
    }

    @Test
    void tagsAndLivesAreThoseOfTheAnnotation() {
        List<String> before = repository.namesIn("Bern");
        assertThat(names.lookup("Bern").tags()).containsExactly("towns", "town:Bern");
        assertThat(names.lookup("Bern").freshFor()).isLessThanOrEqualTo(Duration.ofMinutes(1));
        List<String> other = repository.namesIn("Chur");
        repository.move(product(1));
        assertThat(repository.namesIn("Chur")).isEqualTo(other);
        assertThat(repository.namesIn("Bern")).isNotEqualTo(before);
    }

    @Test
    void severalKeysMakeACompositeOneAndPrimitivesAreReturned() {
        int first = repository.countIn("Bern", 1);
        assertThat(repository.countIn("Bern", 1)).isEqualTo(first);
        assertThat(repository.countIn("Bern", 2)).isNotEqualTo(first);
        assertThat(counts.getIfPresent(CompositeKey.of("Bern", 1))).isEqualTo(first);
        assertThat(CompositeKey.codec().encode(CompositeKey.of("a,b", 1))).isEqualTo("a\\,b,1");
    }

    @Test
    void thatThereIsNothingIsRememberedWhereTheAnnotationSaysSo() {
        assertThat(repository.nameOf("k")).isNull();
        assertThat(repository.nameOf("k")).isNull();
        assertThat(jdbc.calls).hasSize(1);
    }

    @Test
    void aConditionLetsCallsPass() {
        assertThat(repository.upper("a")).isEqualTo(repository.upper("a"));
        assertThat(repository.upper("x")).isNotEqualTo(repository.upper("x"));
        assertThat(names.getIfPresent("x")).isNull();
    }

    @Test
    void aKeyMayBeMadeByAFunction() {
        repository.joined("a", "b");
        repository.joined("a", "b");
        assertThat(jdbc.calls).hasSize(1);
        assertThat(names.getIfPresent("a+b")).isEqualTo("ab");
    }

    @Test
    void whatTheDelegateThrowsReachesTheCaller() {
        jdbc.checkedFailure = new IOException("disk");
        assertThatThrownBy(() -> repository.checked(1)).isSameAs(jdbc.checkedFailure);
        jdbc.failure = new IllegalStateException("down");
        assertThatThrownBy(() -> repository.findById(1L)).isSameAs(jdbc.failure);
        assertThatThrownBy(() -> repository.findAllById(List.of(1L))).isSameAs(jdbc.failure);
        assertThatThrownBy(() -> repository.later(1).toCompletableFuture().get())
                .hasCause(jdbc.failure);
        assertThatThrownBy(() -> repository.countIn("Bern", 1)).isSameAs(jdbc.failure);
    }

    @Test
    void aNullKeyIsNamedWithItsMethod() {
        assertThatThrownBy(() -> repository.findById(null))
                .isInstanceOf(NullPointerException.class)
                .hasMessageContaining("Products.findById(Object)");
    }

    @Test
    void aDefaultMethodReadsThroughTheCacheUnlessTheDelegateHasItsOwn() {
        jdbc.rows.put(1L, product(1));
        assertThat(repository.describe(1)).isEqualTo("product p1");
        assertThat(repository.describe(1)).isEqualTo("product p1");
        assertThat(jdbc.calls).containsExactly("find 1");
        assertThat(repository.overridden()).isEqualTo("own");
    }

    interface Store<T> {
        T save(T row);

        T find(Long id);
    }

    interface Overriding extends Store<Product> {
        @Override
        @CachePut("products")
        Product save(@CacheKey("id") Product row);

        @Override
        @Cached("products")
        Product find(@CacheKey Long id);
    }

    @Test
    void whatOverridesAMethodOfOtherTypesIsCachedForCallersOfBoth() {
        Overriding rows = CachedRepository.wrap(
                Overriding.class,
                new Overriding() {
                    @Override
                    public Product save(Product row) {
                        return row;
                    }

                    @Override
                    public Product find(Long id) {
                        throw new IllegalStateException("it is cached");
                    }
                },
                caches);
        Store<Product> store = rows;
        store.save(product(1));
        assertThat(store.find(1L)).isEqualTo(product(1));
        assertThat(rows.find(1L)).isEqualTo(product(1));
        rows.save(product(2));
        assertThat(store.find(2L)).isEqualTo(product(2));
    }

    interface Greeting {
        default String name() {
            return "default";
        }
    }

    interface OwnGreeting extends Greeting {
        @Override
        default String name() {
            return "own";
        }
    }

    @Test
    void aDelegateMayOverrideADefaultMethodInAnInterfaceOfItsOwn() {
        assertThat(CachedRepository.wrap(Greeting.class, new OwnGreeting() {}, caches)
                        .name())
                .isEqualTo("own");
    }

    @Test
    void aNullAmongKeysIsRefusedBeforeTheCall() {
        products.put(1L, product(1));
        assertThatThrownBy(() -> repository.deleteAll(Arrays.asList(1L, null)))
                .isInstanceOf(NullPointerException.class)
                .hasMessageContaining("Products.deleteAll(List): the key is null");
        assertThat(jdbc.calls).isEmpty();
    }

    interface Removal {
        @CacheInvalidate("products")
        @Nullable
        CompletionStage<Void> delete(@CacheKey long id);

        @CacheInvalidate("files")
        void deleteFile(@CacheKey Path file);
    }

    static final class Removing implements Removal {
        @Override
        public @Nullable CompletionStage<Void> delete(long id) {
            return null;
        }

        @Override
        public void deleteFile(Path file) {}
    }

    @Test
    void aStageThatIsMissingLeavesNothingInTheCache() {
        cache("files");
        products.put(1L, product(1));
        Removal removal = CachedRepository.wrap(Removal.class, new Removing(), caches);
        assertThatThrownBy(() -> removal.delete(1)).isInstanceOf(NullPointerException.class);
        assertThat(products.getIfPresent(1L)).isNull();
    }

    @Test
    void aPathIsOneKeyAndNotItsNames() {
        Cache<Path, String> files = cache("files");
        files.put(Path.of("a", "b"), "text");
        CachedRepository.wrap(Removal.class, new Removing(), caches).deleteFile(Path.of("a", "b"));
        assertThat(files.getIfPresent(Path.of("a", "b"))).isNull();
    }

    interface Stages {
        @Cached("products")
        CompletionStage<Product> later(@CacheKey long id);
    }

    @Test
    void anErrorInAStageReachesTheCallerAsItIs() {
        AssertionError error = new AssertionError("a defect");
        Stages stages = CachedRepository.wrap(Stages.class, id -> CompletableFuture.failedFuture(error), caches);
        assertThatThrownBy(() -> stages.later(1).toCompletableFuture().get()).hasCause(error);
    }

    @Test
    void theWrapperIsItself() {
        Products other = CachedRepository.wrap(Products.class, jdbc, caches);
        assertThat(Set.of(repository, other)).contains(repository);
        assertThat(repository).isNotEqualTo(other).hasToString("CachedRepository[Products around jdbc]");
    }
}
