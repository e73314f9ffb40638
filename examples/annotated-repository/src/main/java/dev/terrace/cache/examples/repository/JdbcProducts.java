package dev.terrace.cache.examples.repository;

import java.io.PrintStream;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** The application's own repository, which knows nothing of caches and prints its statements. */
final class JdbcProducts implements ProductRepository {

    private final Connection connection;
    private final PrintStream out;

    JdbcProducts(Connection connection, PrintStream out) throws SQLException {
        this.connection = connection;
        this.out = out;
        try (PreparedStatement create = connection.prepareStatement(
                "CREATE TABLE products (id BIGINT PRIMARY KEY, name VARCHAR, shop VARCHAR)")) {
            create.execute();
        }
    }

    @Override
    public Optional<Product> findById(long id) throws SQLException {
        out.println("  SELECT " + id);
        try (PreparedStatement select =
                connection.prepareStatement("SELECT id, name, shop FROM products WHERE id = ?")) {
            select.setLong(1, id);
            try (ResultSet rows = select.executeQuery()) {
                return rows.next() ? Optional.of(product(rows)) : Optional.empty();
            }
        }
    }

    @Override
    public Map<Long, Product> findAllById(Collection<Long> ids) throws SQLException {
        out.println("  SELECT " + ids);
        Map<Long, Product> found = new LinkedHashMap<>();
        try (PreparedStatement select =
                connection.prepareStatement("SELECT id, name, shop FROM products WHERE id = ANY (?)")) {
            select.setArray(1, connection.createArrayOf("BIGINT", ids.toArray()));
            try (ResultSet rows = select.executeQuery()) {
                while (rows.next()) {
                    found.put(rows.getLong(1), product(rows));
                }
            }
        }
        return found;
    }

    private static Product product(ResultSet row) throws SQLException {
        return new Product(row.getLong(1), row.getString(2), row.getString(3));
    }

    @Override
    public int countByShop(String shop) throws SQLException {
        out.println("  SELECT COUNT of " + shop);
        try (PreparedStatement select = connection.prepareStatement("SELECT COUNT(*) FROM products WHERE shop = ?")) {
            select.setString(1, shop);
            try (ResultSet rows = select.executeQuery()) {
                rows.next();
                return rows.getInt(1);
            }
        }
    }

    @Override
    public Product save(Product product) throws SQLException {
        out.println("  MERGE " + product.id());
        try (PreparedStatement merge = connection.prepareStatement("MERGE INTO products VALUES (?, ?, ?)")) {
            merge.setLong(1, product.id());
            merge.setString(2, product.name());
            merge.setString(3, product.shop());
            merge.execute();
        }
        return product;
    }

    @Override
    public void move(long id, String from, String to) throws SQLException {
        out.println("  UPDATE " + id);
        try (PreparedStatement update = connection.prepareStatement("UPDATE products SET shop = ? WHERE id = ?")) {
            update.setString(1, to);
            update.setLong(2, id);
            update.execute();
        }
    }

    @Override
    public void delete(long id) throws SQLException {
        out.println("  DELETE " + id);
        try (PreparedStatement delete = connection.prepareStatement("DELETE FROM products WHERE id = ?")) {
            delete.setLong(1, id);
            delete.execute();
        }
    }
}
