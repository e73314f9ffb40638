package dev.terrace.cache.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrace.cache.testkit.PublishedModule;
import org.junit.jupiter.api.Test;

final class ModuleTest {

    private final PublishedModule module = PublishedModule.underTest();

    @Test
    void itExportsOnePackage() {
        assertThat(module.name()).isEqualTo("dev.terrace.cache.metrics");
        assertThat(module.exports()).containsExactly("dev.terrace.cache.metrics");
    }

    @Test
    void itNeedsFewModules() {
        assertThat(module.requires())
                .containsExactly(
                        "micrometer.commons",
                        "org.slf4j",
                        "static transitive org.jspecify",
                        "transitive dev.terrace.cache",
                        "transitive micrometer.core",
                        "transitive micrometer.observation");
    }

    @Test
    void everyPublicMemberIsDocumented() {
        assertThat(module.undocumented()).isEmpty();
    }
}
