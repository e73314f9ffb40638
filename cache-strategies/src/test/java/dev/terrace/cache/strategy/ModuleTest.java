package dev.terrace.cache.strategy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrace.cache.testkit.PublishedModule;
import org.junit.jupiter.api.Test;

final class ModuleTest {

    private final PublishedModule module = PublishedModule.underTest();

    @Test
    void itExportsItsPackages() {
        assertThat(module.name()).isEqualTo("dev.terrace.cache.strategies");
        assertThat(module.exports())
                .containsExactly(
                        "dev.terrace.cache.annotation", "dev.terrace.cache.proxy", "dev.terrace.cache.strategy");
    }

    @Test
    void itNeedsFewModules() {
        assertThat(module.requires())
                .containsExactly("org.slf4j", "static transitive org.jspecify", "transitive dev.terrace.cache");
    }

    @Test
    void everyPublicMemberIsDocumented() {
        assertThat(module.undocumented()).isEmpty();
    }
}
