package dev.terrace.cache.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terrace.cache.Cache;
import dev.terrace.cache.Caches;
import dev.terrace.cache.Near;
import dev.terrace.cache.annotation.CacheInvalidate;
import dev.terrace.cache.annotation.CacheKey;
import dev.terrace.cache.annotation.CachePut;
import dev.terrace.cache.annotation.Cached;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Under which key a put is cached where the store makes keys, and what goes where a cache fails. */
final class StoredKeysTest {

    record Item(@Nullable Long id, String name) {}

    record Receipt(long id) {}

    /** As persistence libraries have them: the store sets the id. */
    static final class Entity {

        private @Nullable Long id;

        public @Nullable Long getId() {
            return id;
        }
    }

    interface Saves<T> {
        @CachePut("items")
        <S extends T> S saved(@CacheKey("id") S item);
    }

    interface Items extends Saves<Item> {
        @Cached(value = "items", negativeFor = "1m")
        @Nullable
        Item find(@CacheKey long id);

        @CachePut(value = "items", tags = "item:{0.id}")
        Item save(@CacheKey("id") Item item);

        @CachePut("items")
        Optional<Item> saveIfNew(@CacheKey("id") Item item);

        @CachePut("items")
        CompletionStage<Item> saveLater(@CacheKey("id") Item item);

        @CachePut("items")
        void persist(@CacheKey("id") Entity entity);

        @CachePut("items")
        Receipt sell(@CacheKey("id") Item item);

        @CachePut("items")
        Item copy(@CacheKey("id") Item from, @CacheKey("id") Item to);

        @CachePut("items")
        Item saveIn(@CacheKey String shop, @CacheKey("id") Item item);

        @CacheInvalidate(value = "failing", tags = "t")
        @CacheInvalidate("failing")
        @CacheInvalidate("items")
        void delete(@CacheKey long id);

        @CacheInvalidate("failing")
        @CacheInvalidate("items")
        CompletionStage<String> deleteLater(@CacheKey long id);
    }

    private static final class Store implements Items {

        final Map<Long, Item> rows = new TreeMap<>();
        private long ids = 56;

        @Nullable
        RuntimeException failure;

        @Override
        public @Nullable Item find(long id) {
            return rows.get(id);
        }

        @Override
        public Item save(Item item) {
            Long id = item.id();
            Item stored = id == null || id == 0 ? new Item(++ids, item.name()) : item;
            rows.put(id(stored), stored);
            return stored;
        }

        private static Long id(Item item) {
            Long id = item.id();
            return id == null ? 0L : id;
        }

        @Override
        @SuppressWarnings("unchecked")
        public <S extends Item> S saved(S item) {
            return (S) save(item);
        }

        @Override
        public Optional<Item> saveIfNew(Item item) {
            return rows.containsKey(id(item)) ? Optional.empty() : Optional.of(save(item));
        }

        @Override
        public CompletionStage<Item> saveLater(Item item) {
            return CompletableFuture.completedFuture(save(item));
        }

        @Override
        public void persist(Entity entity) {
            entity.id = ++ids;
        }

        @Override
        public Receipt sell(Item item) {
            return new Receipt(1_000);
        }

        @Override
        public Item copy(Item from, Item to) {
            return to;
        }

        @Override
        public Item saveIn(String shop, Item item) {
            return save(item);
        }

        @Override
        public void delete(long id) {
            rows.remove(id);
            if (failure != null) {
                throw failure;
            }
        }

        @Override
        public CompletionStage<String> deleteLater(long id) {
            delete(id);
            return CompletableFuture.completedFuture("deleted");
        }
    }

    private final Caches caches = Caches.builder()
            .defaults(builder -> builder.near(Near.maximumSize(100)).freshFor(Duration.ofMinutes(5)))
            .build();
    private final Cache<Object, Object> items =
            caches.<Object, Object>cache("items").build();
    private final Cache<Object, Object> failing =
            caches.<Object, Object>cache("failing").build();
    private final Store store = new Store();
    private final Items repository = CachedRepository.wrap(Items.class, store, caches);

    @AfterEach
    void close() {
        caches.close();
    }

    @Test
    void whatIsStoredUnderAKeyOfTheStoreIsCachedUnderIt() {
        assertThat(repository.find(57)).isNull();
        Item item = repository.save(new Item(0L, "new"));
        assertThat(item.id()).isEqualTo(57);
        assertThat(repository.find(57)).isEqualTo(item);
        assertThat(repository.find(0)).isNull();
        assertThat(items.lookup(57L).tags()).containsExactly("item:57");
        assertThat(repository.saved(new Item(0L, "other")).id()).isEqualTo(58);
        assertThat(items.getIfPresent(58L)).isEqualTo(store.rows.get(58L));
        assertThat(repository.saveIn("shop", new Item(0L, "third")).id()).isEqualTo(59);
        assertThat(items.getIfPresent(CompositeKey.of("shop", 59L))).isEqualTo(store.rows.get(59L));
    }

    @Test
    void anIdThatIsNullUntilItIsStoredIsNoMistake() throws Exception {
        assertThat(repository.save(new Item(null, "new")).id()).isEqualTo(57);
        assertThat(items.getIfPresent(57L)).isNotNull();
        assertThat(repository.saveIfNew(new Item(null, "new"))).isPresent();
        assertThat(items.getIfPresent(58L)).isNotNull();
        assertThat(repository.find(59)).isNull();
        assertThat(repository
                        .saveLater(new Item(null, "new"))
                        .toCompletableFuture()
                        .get()
                        .id())
                .isEqualTo(59);
        assertThat(repository.find(59)).isNotNull();
        Entity entity = new Entity();
        repository.persist(entity);
        assertThat(items.getIfPresent(60L)).isSameAs(entity);
    }

    @Test
    void nothingIsCachedWhereNothingHasAKeyAndWhatIsNotPutIsForgotten() {
        store.rows.put(0L, new Item(0L, "zero"));
        assertThat(repository.saveIfNew(new Item(null, "new"))).isEmpty();
        store.rows.put(1L, new Item(1L, "one"));
        assertThat(repository.find(1)).isNotNull();
        assertThat(repository.saveIfNew(new Item(1L, "new"))).isEmpty();
        assertThat(items.getIfPresent(1L)).isNull();
    }

    @Test
    void aResultOfAnotherTypeHasAKeyOfItsOwn() {
        repository.sell(new Item(1L, "one"));
        assertThat(items.getIfPresent(1L)).isEqualTo(new Receipt(1_000));
        assertThat(items.getIfPresent(1_000L)).isNull();
        repository.copy(new Item(1L, "one"), new Item(2L, "two"));
        assertThat(items.getIfPresent(CompositeKey.of(1L, 2L))).isEqualTo(new Item(2L, "two"));
        assertThatThrownBy(() -> repository.sell(new Item(null, "none")))
                .isInstanceOf(NullPointerException.class)
                .hasMessageContaining("Items.sell(Item)");
    }

    @Test
    void oneCacheThatFailsDoesNotKeepAnotherFromForgetting() {
        items.put(1L, new Item(1L, "one"));
        failing.close();
        assertThatThrownBy(() -> repository.delete(1))
                .satisfies(thrown -> assertThat(thrown.getSuppressed()).hasSize(1));
        assertThat(items.getIfPresent(1L)).isNull();

        items.put(1L, new Item(1L, "one"));
        store.failure = new IllegalArgumentException("connection lost");
        assertThatThrownBy(() -> repository.delete(1))
                .isSameAs(store.failure)
                .satisfies(thrown -> assertThat(thrown.getSuppressed()).hasSize(2));
        assertThat(items.getIfPresent(1L)).isNull();
    }

    @Test
    void aStageIsCompletedAsTheStoreHasWhateverTheCachesDo() throws Exception {
        items.put(1L, new Item(1L, "one"));
        failing.close();
        assertThat(repository.deleteLater(1).toCompletableFuture().get()).isEqualTo("deleted");
        assertThat(items.getIfPresent(1L)).isNull();

        items.put(1L, new Item(1L, "one"));
        store.failure = new IllegalArgumentException("connection lost");
        assertThatThrownBy(() -> repository.deleteLater(1)).isSameAs(store.failure);
        assertThat(items.getIfPresent(1L)).isNull();
    }
}
