package dev.terrace.cache.examples.repository;

import dev.terrace.cache.Caches;
import dev.terrace.cache.Near;
import dev.terrace.cache.proxy.CachedRepository;
import java.io.PrintStream;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;

/** Asks a cached repository, and prints what of it reaches the database. */
public final class Shop {

    private Shop() {}

    /** Runs it. */
    @SuppressWarnings("SystemOut")
    public static void main(String[] arguments) throws SQLException {
        run(System.out);
    }

    static void run(PrintStream out) throws SQLException {
        try (Connection connection = DriverManager.getConnection("jdbc:h2:mem:shop");
                Caches caches = Caches.builder()
                        .defaults(builder -> builder.freshFor(Duration.ofMinutes(5)))
                        .build()) {
            caches.<Long, Product>cache("products")
                    .near(Near.maximumSize(10_000))
                    .build();
            caches.<String, Integer>cache("counts").near(Near.maximumSize(100)).build();
            ProductRepository products =
                    CachedRepository.wrap(ProductRepository.class, new JdbcProducts(connection, out), caches);

            out.println("save three");
            products.save(new Product(1, "teapot", "Bern"));
            products.save(new Product(2, "cup", "Bern"));
            products.save(new Product(3, "spoon", "Chur"));
            out.println("find 1 and 9: " + products.findById(1).isPresent() + ", "
                    + products.findById(9).isPresent());
            out.println("find 9 again: " + products.findById(9).isPresent());
            products.delete(2);
            out.println(
                    "find 3, 2, 1: " + products.findAllById(List.of(3L, 2L, 1L)).keySet());
            out.println("in Bern: " + products.countByShop("Bern") + ", again " + products.countByShop("Bern"));
            products.move(1, "Bern", "Chur");
            out.println("in Bern: " + products.countByShop("Bern"));
        }
    }
}
