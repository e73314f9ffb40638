package dev.terrace.cache.codec.json;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrace.cache.testkit.PublishedModule;
import org.junit.jupiter.api.Test;

final class ModuleTest {

    private final PublishedModule module = PublishedModule.underTest();

    @Test
    void itExportsOnePackage() {
        assertThat(module.name()).isEqualTo("dev.terrace.cache.codecs");
        assertThat(module.exports()).containsExactly("dev.terrace.cache.codec.json");
    }

    @Test
    void itNeedsFewModules() {
        assertThat(module.requires())
                .containsExactly(
                        "static transitive org.jspecify",
                        "transitive com.fasterxml.jackson.databind",
                        "transitive dev.terrace.cache");
    }

    @Test
    void everyPublicMemberIsDocumented() {
        assertThat(module.undocumented()).isEmpty();
    }
}
