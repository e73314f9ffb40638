package dev.terrace.cache.examples.strategies;

import dev.terrace.cache.strategy.StoreWriter;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;

/** A table of orders in an H2 database in memory, which takes its time and can be told to fail. */
final class Orders implements StoreWriter<String, String>, AutoCloseable {

    private static final Duration SLOW = Duration.ofMillis(20);

    private final Timeline timeline;
    private final Connection connection;
    private volatile boolean failing;

    Orders(Timeline timeline, String name) throws SQLException {
        this.timeline = timeline;
        connection = DriverManager.getConnection("jdbc:h2:mem:" + name);
        try (PreparedStatement create =
                connection.prepareStatement("CREATE TABLE orders (id VARCHAR PRIMARY KEY, state VARCHAR)")) {
            create.execute();
        }
    }

    void failing(boolean fails) {
        failing = fails;
        timeline.store(fails ? "goes down" : "is up again");
    }

    /** A row, or null where there is none, as a loader says it. */
    @SuppressWarnings("NullAway")
    String load(String id) throws SQLException {
        answer("SELECT " + id);
        try (PreparedStatement select = connection.prepareStatement("SELECT state FROM orders WHERE id = ?")) {
            select.setString(1, id);
            try (ResultSet rows = select.executeQuery()) {
                return rows.next() ? rows.getString(1) : null;
            }
        }
    }

    @Override
    public void put(String id, String state) throws SQLException {
        answer("MERGE " + id + " = " + state);
        try (PreparedStatement merge = connection.prepareStatement("MERGE INTO orders VALUES (?, ?)")) {
            merge.setString(1, id);
            merge.setString(2, state);
            merge.execute();
        }
    }

    @Override
    public void remove(String id) throws SQLException {
        answer("DELETE " + id);
        try (PreparedStatement delete = connection.prepareStatement("DELETE FROM orders WHERE id = ?")) {
            delete.setString(1, id);
            delete.execute();
        }
    }

    private void answer(String statement) throws SQLException {
        LockSupport.parkNanos(SLOW.toNanos());
        if (failing) {
            timeline.store(statement + ": fails");
            throw new SQLException("the database is down");
        }
        timeline.store(statement);
    }

    @Override
    public void close() throws SQLException {
        connection.close();
    }
}
