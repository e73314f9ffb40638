package dev.terrace.cache.examples.storefront;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.SplittableRandom;

/**
 * Generates the shop's catalogue, always the same one, once: later runs begin with a copy of the file. Products have the ids
 * from 1.
 */
final class Catalogue {

    private static final long SEED = 42;
    private static final int BRANDS = 400;
    private static final int WAREHOUSES = 3;
    private static final int MEAN_REVIEWS = 4;
    private static final int BATCH = 1_000;

    private static final String[] TABLES = {
        "CREATE TABLE brand (id INT PRIMARY KEY, name VARCHAR NOT NULL)",
        "CREATE TABLE product (id BIGINT PRIMARY KEY, brand_id INT NOT NULL, name VARCHAR NOT NULL,"
                + " description VARCHAR NOT NULL, revision INT NOT NULL)",
        "CREATE TABLE price (product_id BIGINT PRIMARY KEY, cents BIGINT NOT NULL, currency CHAR(3) NOT NULL)",
        "CREATE TABLE stock (product_id BIGINT, warehouse INT, quantity INT NOT NULL,"
                + " PRIMARY KEY (product_id, warehouse))",
        "CREATE TABLE review (product_id BIGINT, number INT, stars INT NOT NULL, title VARCHAR NOT NULL,"
                + " PRIMARY KEY (product_id, number))",
    };

    private final SplittableRandom random = new SplittableRandom(SEED);
    private final Words words = new Words(random);
    private final int products;
    private final Progress progress;

    private Catalogue(int products, Progress progress) {
        this.products = products;
        this.progress = progress;
    }

    /**
     * The database file with a catalogue of this many products, generated if this is the first run to ask for it.
     *
     * @param directory where generated files are kept
     */
    static Path file(Path directory, int products, Progress progress) {
        Path file = directory.resolve("catalogue-" + products + ".mv.db");
        if (Files.exists(file)) {
            return file;
        }
        try {
            Files.createDirectories(directory);
            Path unfinished =
                    Files.createTempDirectory(directory, "generating-").resolve("catalogue.mv.db");
            new Catalogue(products, progress).generate(unfinished);
            Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE);
            Files.delete(unfinished.getParent());
            return file;
        } catch (IOException e) {
            throw new UncheckedIOException("The catalogue cannot be stored in " + directory, e);
        } catch (SQLException e) {
            throw new DatabaseException("The catalogue cannot be generated: " + e.getMessage(), e);
        }
    }

    static String jdbcUrl(Path file) {
        String name = file.toAbsolutePath().toString();
        // At the end of the process the file is deleted, see WorkingCopy: H2 need not save it.
        return "jdbc:h2:file:" + name.substring(0, name.length() - ".mv.db".length()) + ";DB_CLOSE_ON_EXIT=FALSE";
    }

    private void generate(Path file) throws SQLException {
        try (Connection connection = DriverManager.getConnection(jdbcUrl(file))) {
            connection.setAutoCommit(false);
            try (Statement create = connection.createStatement()) {
                for (String table : TABLES) {
                    create.execute(table);
                }
            }
            insertBrands(connection);
            insertProducts(connection);
            insertReviews(connection);
            connection.commit();
        }
    }

    private void insertBrands(Connection connection) throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement("INSERT INTO brand VALUES (?, ?)")) {
            for (int id = 1; id <= BRANDS; id++) {
                insert.setInt(1, id);
                insert.setString(2, words.name(2));
                insert.addBatch();
            }
            insert.executeBatch();
        }
    }

    private void insertProducts(Connection connection) throws SQLException {
        try (PreparedStatement product = connection.prepareStatement("INSERT INTO product VALUES (?, ?, ?, ?, 1)");
                PreparedStatement price = connection.prepareStatement("INSERT INTO price VALUES (?, ?, 'EUR')");
                PreparedStatement stock = connection.prepareStatement("INSERT INTO stock VALUES (?, ?, ?)")) {
            for (int id = 1; id <= products; id++) {
                product.setLong(1, id);
                product.setInt(2, 1 + random.nextInt(BRANDS));
                product.setString(3, words.name(3));
                product.setString(4, words.sentence(20 + random.nextInt(40)));
                product.addBatch();
                price.setLong(1, id);
                price.setLong(2, 99 + 100L * random.nextInt(1_000));
                price.addBatch();
                for (int warehouse = 1; warehouse <= WAREHOUSES; warehouse++) {
                    stock.setLong(1, id);
                    stock.setInt(2, warehouse);
                    stock.setInt(3, random.nextInt(500));
                    stock.addBatch();
                }
                if (id % BATCH == 0 || id == products) {
                    product.executeBatch();
                    price.executeBatch();
                    stock.executeBatch();
                    connection.commit();
                    progress.show(Figures.count(id) + " of " + Figures.count(products) + " products");
                }
            }
        }
    }

    private void insertReviews(Connection connection) throws SQLException {
        try (PreparedStatement review = connection.prepareStatement("INSERT INTO review VALUES (?, ?, ?, ?)")) {
            for (int id = 1; id <= products; id++) {
                int reviews = random.nextInt(2 * MEAN_REVIEWS + 1);
                for (int number = 1; number <= reviews; number++) {
                    review.setLong(1, id);
                    review.setInt(2, number);
                    review.setInt(3, 1 + random.nextInt(5));
                    review.setString(4, words.sentence(5));
                    review.addBatch();
                }
                if (id % BATCH == 0 || id == products) {
                    review.executeBatch();
                    connection.commit();
                    progress.show("reviews of " + Figures.count(id) + " products");
                }
            }
        }
    }
}
