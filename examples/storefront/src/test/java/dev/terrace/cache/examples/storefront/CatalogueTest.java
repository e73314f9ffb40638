package dev.terrace.cache.examples.storefront;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class CatalogueTest {

    private static final Progress SILENT = new Progress(new PrintStream(new ByteArrayOutputStream()), false);

    @TempDir
    Path directory;

    @Test
    void aCatalogueIsGeneratedOnceAndAlwaysTheSame() throws Exception {
        Path first = Catalogue.file(directory.resolve("first"), 300, SILENT);
        Path second = Catalogue.file(directory.resolve("second"), 300, SILENT);
        FileTime generated = Files.getLastModifiedTime(first);

        assertThat(Catalogue.file(directory.resolve("first"), 300, SILENT)).isEqualTo(first);
        assertThat(Files.getLastModifiedTime(first)).isEqualTo(generated);
        assertThat(productsIn(first)).hasSize(300).isEqualTo(productsIn(second));
        try (Stream<Path> left = Files.list(first.getParent())) {
            assertThat(left).containsExactly(first);
        }
    }

    private static Map<Long, Product> productsIn(Path file) {
        try (Database database = Database.open(file, 1, Duration.ZERO)) {
            return new JdbcProducts(database)
                    .findAllById(
                            Stream.iterate(1L, id -> id <= 400, id -> id + 1).toList());
        }
    }

    @Test
    void aProductHasItsPriceItsStockAndItsReviews() {
        try (Database database = Database.open(Catalogue.file(directory, 300, SILENT), 2, Duration.ZERO)) {
            Map<Long, Product> products = new JdbcProducts(database).findAllById(List.of(1L, 2L, 3L, 4L, 5L));

            assertThat(products.values()).allSatisfy(product -> {
                assertThat(product.name()).isNotBlank();
                assertThat(product.brand()).isNotBlank();
                assertThat(product.priceInCents()).isPositive();
                assertThat(product.currency()).isEqualTo("EUR");
                assertThat(product.revision()).isEqualTo(1);
                assertThat(product.stars()).isBetween(product.reviews() == 0 ? 0.0 : 1.0, 5.0);
            });
            assertThat(products.values()).anyMatch(product -> product.inStock() > 0 && product.reviews() > 0);
            assertThat(database.queries()).isEqualTo(1);
        }
    }

    @Test
    void anUpdateIsStoredOnlyIfNobodyElseWasFaster() {
        try (Database database = Database.open(Catalogue.file(directory, 300, SILENT), 2, Duration.ZERO)) {
            JdbcProducts products = new JdbcProducts(database);
            Product read = products.findById(7);

            products.update(read.withPrice(1_234));

            assertThat(products.findById(7)).isEqualTo(read.withPrice(1_234));
            assertThatThrownBy(() -> products.update(read.withPrice(99)))
                    .isInstanceOf(DatabaseException.class)
                    .hasMessage("Product 7 has been changed by somebody else");
            assertThat(products.findById(7).priceInCents()).isEqualTo(1_234);
            assertThatThrownBy(() -> products.findById(301)).isInstanceOf(NoSuchProductException.class);
        }
    }

    @Test
    void aDatabaseThatIsSwitchedOffFailsAndCountsThat() {
        try (Database database = Database.open(Catalogue.file(directory, 300, SILENT), 2, Duration.ofNanos(1_000))) {
            JdbcProducts products = new JdbcProducts(database);
            database.switchOff();

            assertThatThrownBy(() -> products.findById(1))
                    .isInstanceOf(DatabaseException.class)
                    .hasMessage("The query failed: the database is switched off");
            database.switchOn();

            assertThat(products.findById(1).id()).isEqualTo(1);
            assertThat(database.queries()).isEqualTo(1);
            assertThat(database.failures()).isEqualTo(1);
        }
    }

    @Test
    void aWorkingCopyIsGoneWhenItIsClosed() throws Exception {
        Path original = Files.writeString(directory.resolve("original"), "text");
        Path copied;
        try (WorkingCopy copy = WorkingCopy.of(original)) {
            copied = copy.file();
            assertThat(copied).hasContent("text");
        }
        assertThat(copied.getParent()).doesNotExist();
        assertThat(original).hasContent("text");
    }
}
