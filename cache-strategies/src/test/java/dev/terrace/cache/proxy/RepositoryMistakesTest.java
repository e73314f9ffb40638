package dev.terrace.cache.proxy;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terrace.cache.Caches;
import dev.terrace.cache.Near;
import dev.terrace.cache.annotation.CacheCondition;
import dev.terrace.cache.annotation.CacheInvalidate;
import dev.terrace.cache.annotation.CacheKey;
import dev.terrace.cache.annotation.CachePut;
import dev.terrace.cache.annotation.Cached;
import dev.terrace.cache.annotation.KeyFunction;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.Collection;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.concurrent.CompletionStage;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Every mistake in a repository's annotations is found when it is wrapped, and named with its method. */
final class RepositoryMistakesTest {

    record Row(long id) {}

    interface UnknownCache {
        @Cached("none")
        String find(@CacheKey long id);
    }

    interface NoKey {
        @Cached("c")
        String find(long id);
    }

    interface NoProperty {
        @CachePut("c")
        Row save(@CacheKey("identity") Row row);
    }

    interface NothingCached {
        @Cached("c")
        void find(@CacheKey long id);
    }

    interface ReadAndWrite {
        @Cached("c")
        @CachePut("c")
        String find(@CacheKey long id);
    }

    interface ReadAndInvalidate {
        @Cached("c")
        @CacheInvalidate("c")
        String find(@CacheKey long id);
    }

    interface PutAndInvalidate {
        @CachePut("c")
        @CacheInvalidate("c")
        String save(@CacheKey long id);
    }

    interface ManyKeysOneValue {
        @Cached("c")
        String find(@CacheKey Collection<Long> ids);
    }

    interface ListWithoutElementKey {
        @Cached("c")
        List<Row> find(@CacheKey Collection<Long> ids);
    }

    interface ElementWithoutProperty {
        @Cached(value = "c", elementKey = "number")
        List<Row> find(@CacheKey Collection<Long> ids);
    }

    interface ElementKeyOfOne {
        @Cached(value = "c", elementKey = "id")
        Row find(@CacheKey long id);
    }

    interface OddMap {
        @Cached("c")
        SortedMap<Long, Row> find(@CacheKey Collection<Long> ids);
    }

    interface OddKeys {
        @Cached("c")
        Map<Long, Row> find(@CacheKey Deque<Long> ids);
    }

    interface PutOfNothing {
        @CachePut("c")
        void save(@CacheKey long id);
    }

    interface PutOfMany {
        @CachePut("c")
        List<Row> save(@CacheKey List<Row> rows);
    }

    interface InvalidateNothing {
        @CacheInvalidate("c")
        void delete(long id);
    }

    interface InvalidateAllAndTags {
        @CacheInvalidate(value = "c", all = true, tags = "t")
        void delete();
    }

    interface BadDuration {
        @Cached(value = "c", freshFor = "soon")
        String find(@CacheKey long id);
    }

    interface NoParameter {
        @Cached(value = "c", tags = "shop:{7}")
        String find(@CacheKey long id);
    }

    interface TwoKeys {
        @Cached(value = "c", keyFunction = Hidden.class)
        String find(@CacheKey long id);
    }

    interface NoConstructor {
        @Cached(value = "c", condition = Needy.class)
        String find(@CacheKey long id);
    }

    interface StrayKey {
        String find(@CacheKey long id);
    }

    interface ArrayOfKeys {
        @CacheInvalidate("c")
        void delete(@CacheKey Long... ids);
    }

    interface OnlyOnce {
        @Cached("c")
        Stream<Row> find(@CacheKey long id);
    }

    interface NothingLater {
        @Cached("c")
        CompletionStage<Void> find(@CacheKey long id);
    }

    interface NoPropertyOfAnObject {
        @CachePut("c")
        Named save(@CacheKey("none") Named named);
    }

    record Named(String name) {
        static Named none() {
            return new Named("");
        }
    }

    interface UnequalKeys {
        @Cached("c")
        Map<Integer, Row> find(@CacheKey Collection<Integer> ids);

        @CacheInvalidate("c")
        void delete(@CacheKey("id") Row row);
    }

    static final class Hidden implements KeyFunction {
        @Override
        public Object key(@Nullable Object[] arguments) {
            return "k";
        }
    }

    static final class Needy implements CacheCondition {
        Needy(String needed) {
            assert !needed.isEmpty();
        }

        @Override
        public boolean test(@Nullable Object[] arguments) {
            return true;
        }
    }

    private final Caches caches = Caches.builder().build();

    @AfterEach
    void close() {
        caches.close();
    }

    static Stream<Arguments> mistakes() {
        return Stream.of(
                Arguments.of(UnknownCache.class, "UnknownCache.find(long) names cache \"none\", but there are [c]"),
                Arguments.of(NoKey.class, "NoKey.find(long) has no key"),
                Arguments.of(NoProperty.class, "NoProperty.save(Row) "),
                Arguments.of(NoProperty.class, "has no property \"identity\""),
                Arguments.of(NothingCached.class, "find(long) is @Cached and returns nothing"),
                Arguments.of(ReadAndWrite.class, "find(long) has both @Cached and @CachePut"),
                Arguments.of(ReadAndInvalidate.class, "find(long) has both @Cached and @CacheInvalidate"),
                Arguments.of(PutAndInvalidate.class, "save(long) has both @CachePut and @CacheInvalidate"),
                Arguments.of(ManyKeysOneValue.class, "find(Collection) takes many keys but returns String"),
                Arguments.of(ListWithoutElementKey.class, "find(Collection) returns many values: which property"),
                Arguments.of(ElementWithoutProperty.class, "has no property \"number\""),
                Arguments.of(ElementKeyOfOne.class, "find(long) has an elementKey"),
                Arguments.of(OddMap.class, "returns SortedMap: it should be Map"),
                Arguments.of(OddKeys.class, "takes its keys as Deque"),
                Arguments.of(PutOfNothing.class, "save(long) returns nothing to put"),
                Arguments.of(PutOfMany.class, "save(List) is @CachePut with a collection"),
                Arguments.of(InvalidateNothing.class, "delete(long) is @CacheInvalidate of what?"),
                Arguments.of(InvalidateAllAndTags.class, "delete() is @CacheInvalidate of all, and of tags"),
                Arguments.of(BadDuration.class, "find(long) freshFor = \"soon\" is no duration"),
                Arguments.of(NoParameter.class, "find(long) there is no parameter {7}"),
                Arguments.of(TwoKeys.class, "find(long) has both a keyFunction and @CacheKey"),
                Arguments.of(NoConstructor.class, "Needy cannot be made"),
                Arguments.of(ArrayOfKeys.class, "delete(Long[]) has an array for a key"),
                Arguments.of(OnlyOnce.class, "find(long) returns Stream, which only one caller can use"),
                Arguments.of(NothingLater.class, "find(long) is @Cached and its stage gives nothing"),
                Arguments.of(NoPropertyOfAnObject.class, "save(Named) "),
                Arguments.of(UnequalKeys.class, "has keys of type "),
                Arguments.of(UnequalKeys.class, "for cache \"c\", but UnequalKeys."),
                Arguments.of(StrayKey.class, "find(long) has a @CacheKey and nothing"));
    }

    @ParameterizedTest
    @MethodSource("mistakes")
    <T> void itIsFoundWhenTheRepositoryIsWrapped(Class<T> repository, String message) {
        caches.cache("c")
                .near(Near.maximumSize(10))
                .freshFor(Duration.ofMinutes(1))
                .build();
        T delegate = repository.cast(Proxy.newProxyInstance(
                repository.getClassLoader(), new Class<?>[] {repository}, (proxy, method, arguments) -> null));
        assertThatThrownBy(() -> CachedRepository.wrap(repository, delegate, caches))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message);
    }

    @Test
    void aClassIsNoRepository() {
        assertThatThrownBy(() -> CachedRepository.wrap(String.class, "", caches))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("no interface");
    }
}
