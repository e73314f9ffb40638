package dev.terrace.cache.memcached;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrace.cache.testkit.HouseRules;
import dev.terrace.cache.testkit.PublishedModule;
import java.io.File;
import java.io.IOException;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What the module shows to the world; it has a name and no descriptor, since its driver has neither. */
final class ModuleTest {

    private static final String NAME = "dev.terrace.cache.memcached";

    @Test
    void itsNameIsInTheManifest() throws IOException {
        assertThat(Files.readString(Path.of(System.getProperty("basedir", ""), "pom.xml")))
                .contains("<Automatic-Module-Name>" + NAME + "</Automatic-Module-Name>");
        assertThat(HouseRules.classesDirectory().resolve("module-info.class")).doesNotExist();
    }

    @Test
    void itHasOnePackageAndFewPublicTypes() throws IOException {
        Path classes = HouseRules.classesDirectory();
        try (Stream<Path> files = Files.walk(classes)) {
            List<String> publicTypes = files.map(
                            file -> classes.relativize(file).toString())
                    .filter(file -> file.endsWith(".class"))
                    .map(file ->
                            file.substring(0, file.length() - ".class".length()).replace(File.separatorChar, '.'))
                    .peek(type -> assertThat(type).startsWith(NAME + "."))
                    .filter(ModuleTest::isPublic)
                    .sorted()
                    .toList();
            assertThat(publicTypes)
                    .containsExactly(
                            NAME + ".MemcachedFarTier",
                            NAME + ".MemcachedFarTier$Builder",
                            NAME + ".MemcachedFarTier$Placement",
                            NAME + ".MemcachedFarTier$Protocol",
                            NAME + ".MemcachedValues",
                            NAME + ".PlainValue",
                            NAME + ".PlainValue$Bytes",
                            NAME + ".PlainValue$Numeral",
                            NAME + ".PlainValue$Text");
        }
    }

    @Test
    void everyPublicMemberIsDocumented() {
        assertThat(PublishedModule.named(NAME, NAME).undocumented()).isEmpty();
    }

    private static boolean isPublic(String type) {
        try {
            Class<?> one = Class.forName(type, false, ModuleTest.class.getClassLoader());
            while (one != null && Modifier.isPublic(one.getModifiers())) {
                one = one.getEnclosingClass();
            }
            return one == null;
        } catch (ClassNotFoundException e) {
            throw new AssertionError(e);
        }
    }
}
