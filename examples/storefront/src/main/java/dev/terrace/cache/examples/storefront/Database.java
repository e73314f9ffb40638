package dev.terrace.cache.examples.storefront;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.atomic.LongAdder;

/**
 * The shop's database: a pool of connections to H2, which runs in this process. Two things are simulated and labelled so in
 * the report: the network to it, as a pause in each query, and its outage, as a switch.
 */
final class Database implements AutoCloseable {

    private final HikariDataSource pool;
    private final Duration networkLatency;
    private final LongAdder queries = new LongAdder();
    private final LongAdder failures = new LongAdder();
    private final LongAdder nanosInSql = new LongAdder();
    private volatile boolean on = true;

    private Database(HikariDataSource pool, Duration networkLatency) {
        this.pool = pool;
        this.networkLatency = networkLatency;
    }

    /**
     * Opens a database file with a pool of connections.
     *
     * @param networkLatency simulated, of each query; zero for none
     */
    static Database open(Path file, int connections, Duration networkLatency) {
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl(Catalogue.jdbcUrl(file));
        config.setMaximumPoolSize(connections);
        config.setPoolName("catalogue");
        return new Database(new HikariDataSource(config), networkLatency);
    }

    /** Runs one query: borrows a connection, crosses the network and counts. */
    <T> T query(Query<T> query) {
        try (Connection connection = pool.getConnection()) {
            crossTheNetwork();
            long start = System.nanoTime();
            T result = query.on(connection);
            nanosInSql.add(System.nanoTime() - start);
            queries.increment();
            return result;
        } catch (SQLException e) {
            failures.increment();
            throw new DatabaseException("The query failed: " + e.getMessage(), e);
        }
    }

    private void crossTheNetwork() throws SQLException {
        Pause.of(networkLatency);
        if (Thread.currentThread().isInterrupted()) {
            throw new SQLException("interrupted");
        }
        if (!on) {
            throw new SQLException("the database is switched off");
        }
    }

    /** Fails all queries from now on, also those that are on their way. */
    void switchOff() {
        on = false;
    }

    void switchOn() {
        on = true;
    }

    /** Queries answered so far. */
    long queries() {
        return queries.sum();
    }

    /** Queries that failed so far. */
    long failures() {
        return failures.sum();
    }

    /** The mean time that a query has spent in H2 so far, without the simulated network. */
    Duration meanTimeInSql() {
        return Duration.ofNanos(nanosInSql.sum() / Math.max(1, queries.sum()));
    }

    @Override
    public void close() {
        pool.close();
    }

    /** What to do with a connection. */
    @FunctionalInterface
    interface Query<T> {
        T on(Connection connection) throws SQLException;
    }
}
