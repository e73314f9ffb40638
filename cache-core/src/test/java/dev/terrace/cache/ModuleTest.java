package dev.terrace.cache;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrace.cache.testkit.PublishedModule;
import org.junit.jupiter.api.Test;

final class ModuleTest {

    private final PublishedModule module = PublishedModule.underTest();

    @Test
    void itExportsThreePackages() {
        assertThat(module.name()).isEqualTo("dev.terrace.cache");
        assertThat(module.exports())
                .containsExactly("dev.terrace.cache", "dev.terrace.cache.codec", "dev.terrace.cache.spi");
    }

    @Test
    void itNeedsFewModules() {
        assertThat(module.requires())
                .containsExactly("com.github.benmanes.caffeine", "org.slf4j", "static transitive org.jspecify");
    }

    @Test
    void everyPublicMemberIsDocumented() {
        assertThat(module.undocumented()).isEmpty();
    }
}
