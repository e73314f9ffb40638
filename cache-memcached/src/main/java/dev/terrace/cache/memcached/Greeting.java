package dev.terrace.cache.memcached;

import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The first words on a connection: who we are, what the server speaks, whether it can do what a far tier needs, and its time.
 *
 * @param protocol what to speak
 * @param credentials who we are, or null
 */
record Greeting(MemcachedFarTier.Protocol protocol, Ask.@Nullable Authenticate credentials) {

    private static final Logger LOG = LoggerFactory.getLogger("dev.terrace.cache.memcached");

    private static final byte[] NO_BYTES = {};
    private static final int MARK_SECONDS = 5;

    /** The oldest server whose meta protocol was tried. */
    private static final int[] FIRST_WITH_META = {1, 6, 18};

    /** The server's statistics; fails where the server cannot be used, or connections reached different ones. */
    CompletableFuture<Reply.Table> greet(Link link) {
        return introduce(link)
                .thenCompose(stats -> link.connections().size() == 1
                        ? CompletableFuture.completedFuture(stats)
                        : identify(link).thenApply(done -> stats));
    }

    /**
     * Leaves an item through one connection and looks for it through each: behind a name or an address that moves there may be
     * another server than a moment ago.
     */
    private static CompletableFuture<Void> identify(Link link) {
        String mark = "i:" + UUID.randomUUID();
        return link.ask(List.of(new Ask.Store(mark, NO_BYTES, 0, MARK_SECONDS, Ask.ANY)))
                .thenCompose(stored -> {
                    if (!(stored.get(0) instanceof Reply.Stored)) {
                        // One that is full, and may evict nothing (option -M), still answers reads.
                        LOG.info("One connection to {} is used, since it stores nothing: {}", link, stored.get(0));
                        link.useOne();
                        return CompletableFuture.<@Nullable Void>completedFuture(null);
                    }
                    return link.askOnEach(link.dialect(), new Ask.Get(mark, false, false, 0))
                            .thenAccept(Greeting::requireEach);
                });
    }

    private static void requireEach(List<Reply> found) {
        if (!found.stream().allMatch(Reply.Item.class::isInstance)) {
            throw new IllegalStateException("connections reached different servers");
        }
    }

    private CompletableFuture<Reply.Table> introduce(Link link) {
        if (credentials == null && protocol != MemcachedFarTier.Protocol.BINARY) {
            return greetInText(link);
        }
        CompletableFuture<Void> known =
                credentials == null ? CompletableFuture.completedFuture(null) : authenticate(link, credentials);
        return known.thenCompose(done -> greetInBinary(link));
    }

    private CompletableFuture<Reply.Table> greetInText(Link link) {
        return link.ask(ClassicDialect.INSTANCE, List.of(new Ask.Probe(), new Ask.Stats("settings"), new Ask.Stats("")))
                .thenApply(replies -> {
                    Reply.Table stats = table(replies.get(2));
                    boolean meta = replies.get(0) == Reply.DONE && isNewEnough(stats);
                    if (protocol == MemcachedFarTier.Protocol.META && !meta) {
                        throw new IllegalStateException(
                                "the server does not speak the meta protocol as of version 1.6.18");
                    }
                    boolean classic = protocol == MemcachedFarTier.Protocol.CLASSIC || !meta;
                    settle(link, classic ? ClassicDialect.INSTANCE : MetaDialect.INSTANCE, replies.get(1));
                    return stats;
                });
    }

    private static CompletableFuture<Void> authenticate(Link link, Ask.Authenticate who) {
        return link.askOnEach(BinaryDialect.INSTANCE, who).thenAccept(replies -> {
            for (Reply reply : replies) {
                if (reply != Reply.DONE) {
                    String reason = reply instanceof Reply.Failed failed ? ": " + failed.reason() : "";
                    throw new IllegalStateException("the server refuses user " + who.user() + reason);
                }
            }
        });
    }

    /**
     * Whether this failure may be that of a server which wants to know who asks: such a one ends a connection without a word where
     * text is spoken, and sometimes before it has said why where two things are asked at once.
     */
    boolean mayWantCredentials(Throwable failure) {
        return credentials == null && failure instanceof MemcachedUnreachableException;
    }

    /** Asks a server that ended a connection, over another one, whether it wants credentials; fails with that if so. */
    static CompletableFuture<Void> askWhetherCredentialsAreWanted(Link link) {
        return link.ask(BinaryDialect.INSTANCE, List.of(new Ask.Stats("settings")))
                .thenAccept(replies -> failIfCredentialsAreWanted(replies.get(0)));
    }

    private static void failIfCredentialsAreWanted(Reply reply) {
        if (reply instanceof Reply.Failed failed && failed.reason().startsWith(BinaryDialect.WHO_ARE_YOU)) {
            throw new IllegalStateException(
                    "the server wants to know who asks (option -S): give the far tier credentials(user, password)");
        }
    }

    private static CompletableFuture<Reply.Table> greetInBinary(Link link) {
        return link.ask(BinaryDialect.INSTANCE, List.of(new Ask.Stats("settings"), new Ask.Stats("")))
                .thenApply(replies -> {
                    failIfCredentialsAreWanted(replies.get(0));
                    settle(link, BinaryDialect.INSTANCE, replies.get(0));
                    return table(replies.get(1));
                });
    }

    private static void settle(Link link, Dialect dialect, Reply settings) {
        Reply.Table table = table(settings);
        if ("no".equals(table.entries().get("cas_enabled"))) {
            throw new IllegalStateException(
                    "the server runs without CAS (option -C), so that late writes could not be refused");
        }
        String limit = table.entries().getOrDefault("item_size_max", "1048576");
        link.speaks(dialect, Long.parseLong(limit));
    }

    private static Reply.Table table(Reply reply) {
        if (reply instanceof Reply.Table table) {
            return table;
        }
        throw new IllegalStateException("the server tells nothing of itself: " + reply);
    }

    private static boolean isNewEnough(Reply.Table stats) {
        String[] parts = stats.entries().getOrDefault("version", "").split("[^0-9]+", 4);
        for (int i = 0; i < FIRST_WITH_META.length; i++) {
            int part = i < parts.length && !parts[i].isEmpty() ? Integer.parseInt(parts[i]) : 0;
            if (part != FIRST_WITH_META[i]) {
                return part > FIRST_WITH_META[i];
            }
        }
        return true;
    }

    /** The server's time in a table of its statistics, in seconds since the epoch. */
    static long time(Reply.Table stats) {
        String time = stats.entries().get("time");
        if (time == null) {
            throw new IllegalStateException("the server does not tell its time");
        }
        return Long.parseLong(time);
    }
}
