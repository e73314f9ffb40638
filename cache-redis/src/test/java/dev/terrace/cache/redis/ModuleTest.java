package dev.terrace.cache.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrace.cache.testkit.PublishedModule;
import org.junit.jupiter.api.Test;

final class ModuleTest {

    private final PublishedModule module = PublishedModule.underTest();

    @Test
    void itExportsTheFarTierAndWhatSharesItsConnection() {
        assertThat(module.name()).isEqualTo("dev.terrace.cache.redis");
        assertThat(module.exports())
                .containsExactly(
                        "dev.terrace.cache.redis",
                        "dev.terrace.cache.redis.event",
                        "dev.terrace.cache.redis.journal",
                        "dev.terrace.cache.redis.limit",
                        "dev.terrace.cache.redis.lock",
                        "dev.terrace.cache.redis.structure");
    }

    @Test
    void itNeedsFewModules() {
        assertThat(module.requires())
                .containsExactly(
                        "io.netty.buffer",
                        "io.netty.common",
                        "io.netty.handler",
                        "io.netty.transport",
                        "org.slf4j",
                        "static transitive org.jspecify",
                        "transitive dev.terrace.cache",
                        "transitive lettuce.core");
    }

    @Test
    void everyPublicMemberIsDocumented() {
        assertThat(module.undocumented()).isEmpty();
    }
}
