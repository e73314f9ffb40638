package dev.terrace.cache.examples.storefront;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The products in the database: a query with joins and aggregates, as a shop needs it for a product page. */
final class JdbcProducts implements ProductRepository {

    private static final String FIND = """
            SELECT p.id, p.name, b.name AS brand, p.description, c.cents, c.currency, p.revision,
                   (SELECT SUM(s.quantity) FROM stock s WHERE s.product_id = p.id) AS in_stock,
                   (SELECT COUNT(*) FROM review r WHERE r.product_id = p.id) AS reviews,
                   (SELECT AVG(CAST(r.stars AS DOUBLE PRECISION)) FROM review r WHERE r.product_id = p.id) AS stars
            FROM product p
            JOIN brand b ON b.id = p.brand_id
            JOIN price c ON c.product_id = p.id
            WHERE p.id = ANY(?)
            """;

    private static final String UPDATE_PRODUCT =
            "UPDATE product SET name = ?, description = ?, revision = ? WHERE id = ? AND revision = ?";

    private static final String UPDATE_PRICE = "UPDATE price SET cents = ? WHERE product_id = ?";

    private final Database database;

    JdbcProducts(Database database) {
        this.database = database;
    }

    @Override
    public Product findById(long id) {
        Product product = findAllById(List.of(id)).get(id);
        if (product == null) {
            throw new NoSuchProductException(id);
        }
        return product;
    }

    @Override
    public Map<Long, Product> findAllById(Collection<Long> ids) {
        return database.query(connection -> select(connection, ids));
    }

    @Override
    public void update(Product product) {
        boolean stored = database.query(connection -> store(connection, product));
        if (!stored) {
            throw new DatabaseException("Product " + product.id() + " has been changed by somebody else");
        }
    }

    private static Map<Long, Product> select(Connection connection, Collection<Long> ids) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement(FIND)) {
            select.setArray(1, connection.createArrayOf("BIGINT", ids.toArray()));
            Map<Long, Product> products = new LinkedHashMap<>();
            try (ResultSet row = select.executeQuery()) {
                while (row.next()) {
                    Product product = product(row);
                    products.put(product.id(), product);
                }
            }
            return products;
        }
    }

    private static Product product(ResultSet row) throws SQLException {
        return new Product(
                row.getLong("id"),
                row.getString("name"),
                row.getString("brand"),
                row.getString("description"),
                row.getLong("cents"),
                row.getString("currency"),
                row.getInt("in_stock"),
                row.getInt("reviews"),
                row.getDouble("stars"),
                row.getInt("revision"));
    }

    private static boolean store(Connection connection, Product product) throws SQLException {
        connection.setAutoCommit(false);
        try (PreparedStatement update = connection.prepareStatement(UPDATE_PRODUCT);
                PreparedStatement price = connection.prepareStatement(UPDATE_PRICE)) {
            update.setString(1, product.name());
            update.setString(2, product.description());
            update.setInt(3, product.revision());
            update.setLong(4, product.id());
            update.setInt(5, product.revision() - 1);
            boolean stored = update.executeUpdate() == 1;
            price.setLong(1, product.priceInCents());
            price.setLong(2, product.id());
            price.executeUpdate();
            if (stored) {
                connection.commit();
            } else {
                connection.rollback();
            }
            return stored;
        } catch (SQLException e) {
            connection.rollback();
            throw e;
        } finally {
            connection.setAutoCommit(true);
        }
    }
}
