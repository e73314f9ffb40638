package dev.terrace.cache.memcached;

import dev.terrace.cache.spi.FarReading;
import dev.terrace.cache.spi.FarRecord;
import dev.terrace.cache.spi.RecordBytes;
import dev.terrace.cache.spi.RecordFormat;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Finds out what is under names: records whole, or as little of them as will do. A record's version is its item's CAS id, whatever
 * its bytes say.
 */
final class Records {

    private final SeenHeaders seen;

    Records(SeenHeaders seen) {
        this.seen = seen;
    }

    /** How much must be known of a record. */
    enum Need {
        /** Whether it is there. */
        PRESENCE,
        /** Whether it is there, and its source version. */
        SOURCE_VERSION,
        /** Its header. */
        HEADER,
        /** All of it. */
        WHOLE
    }

    /**
     * What is under each name now, all asked for together; once more where a part did not do.
     *
     * @param stub how long a stub is left where there is nothing; null for none
     */
    CompletableFuture<List<Current>> find(Link link, List<String> names, Need need, @Nullable Duration stub) {
        int seconds = stub == null ? 0 : Ttl.brief(stub);
        return gets(link, names, need == Need.WHOLE, seconds).thenCompose(first -> {
            List<Integer> unclear = new ArrayList<>();
            for (int i = 0; i < first.size(); i++) {
                if (!suffices(first.get(i), need)) {
                    unclear.add(i);
                }
            }
            if (unclear.isEmpty()) {
                return CompletableFuture.completedFuture(first);
            }
            return gets(link, unclear.stream().map(names::get).toList(), true, seconds)
                    .thenApply(second -> {
                        List<Current> all = new ArrayList<>(first);
                        for (int i = 0; i < unclear.size(); i++) {
                            all.set(unclear.get(i), second.get(i));
                        }
                        return all;
                    });
        });
    }

    /** What is under each name, and no more than that. */
    CompletableFuture<List<FarReading>> read(Link link, List<String> names) {
        return link.askWhole(names, new Dialect.Items<FarReading>() {
            @Override
            public FarReading found(String name, int flags, long cas, byte[] bytes) {
                return Flags.areOfStub(flags, bytes.length)
                        ? FarReading.ABSENT
                        : reading(link, name, flags, cas, bytes);
            }

            @Override
            public FarReading missing() {
                return FarReading.ABSENT;
            }
        });
    }

    private static boolean suffices(Current current, Need need) {
        return need == Need.PRESENCE
                || current.isAbsent()
                || current.reading() != null
                || (need == Need.SOURCE_VERSION && Flags.sayNoSourceVersion(current.flags()));
    }

    private CompletableFuture<List<Current>> gets(Link link, List<String> names, boolean whole, int stubSeconds) {
        boolean leaves = link.dialect().leavesStubs();
        List<Ask> asks = mapped(names, name -> new Ask.Get(name, whole, stubSeconds == 0, leaves ? stubSeconds : 0));
        CompletableFuture<List<Current>> found = link.ask(asks).thenApply(replies -> {
            List<Current> all = new ArrayList<>(replies.size());
            for (int i = 0; i < replies.size(); i++) {
                all.add(current(link, names.get(i), replies.get(i)));
            }
            return all;
        });
        return leaves || stubSeconds == 0 ? found : found.thenCompose(all -> leaveStubs(link, names, all, stubSeconds));
    }

    /** Where the server cannot leave a stub by itself, one is added, and it is whose add was stored. */
    private CompletableFuture<List<Current>> leaveStubs(
            Link link, List<String> names, List<Current> found, int seconds) {
        List<Integer> missing = new ArrayList<>();
        List<Ask> adds = new ArrayList<>();
        for (int i = 0; i < found.size(); i++) {
            if (found.get(i).state() == Current.State.NOTHING) {
                missing.add(i);
                byte[] token = ByteBuffer.allocate(Long.BYTES)
                        .putLong(ThreadLocalRandom.current().nextLong())
                        .array();
                adds.add(new Ask.Store(names.get(i), token, Flags.STUB, seconds, Ask.NOTHING));
            }
        }
        if (missing.isEmpty()) {
            return CompletableFuture.completedFuture(found);
        }
        return link.ask(adds).thenCompose(replies -> {
            List<Current> all = new ArrayList<>(found);
            List<Integer> taken = new ArrayList<>();
            for (int i = 0; i < missing.size(); i++) {
                int at = missing.get(i);
                if (replies.get(i) instanceof Reply.Stored stored) {
                    all.set(
                            at,
                            new Current(link, stored.cas(), Current.State.OUR_STUB, Flags.STUB, -1, FarReading.ABSENT));
                } else {
                    failIfRefused(replies.get(i));
                    taken.add(at);
                }
            }
            if (taken.isEmpty()) {
                return CompletableFuture.completedFuture(all);
            }
            return gets(link, mapped(taken, names::get), true, 0).thenApply(again -> {
                for (int i = 0; i < taken.size(); i++) {
                    all.set(taken.get(i), again.get(i));
                }
                return all;
            });
        });
    }

    private Current current(Link link, String name, Reply reply) {
        if (reply == Reply.MISSING || reply instanceof Reply.Missing) {
            return new Current(link, 0, Current.State.NOTHING, 0, -1, FarReading.ABSENT);
        }
        if (!(reply instanceof Reply.Item item)) {
            throw refused(reply);
        }
        if (item.stub()) {
            Current.State state = item.won() ? Current.State.OUR_STUB : Current.State.STUB;
            return new Current(link, item.cas(), state, item.flags(), -1, FarReading.ABSENT);
        }
        byte[] value = item.value();
        if (value == null) {
            FarRecord header = seen.recall(name, link, item.cas());
            FarReading reading = header == null ? null : new FarReading.Found(header);
            return new Current(link, item.cas(), Current.State.ITEM, item.flags(), item.secondsLeft(), reading);
        }
        FarReading reading = reading(link, name, item.flags(), item.cas(), value);
        return new Current(link, item.cas(), Current.State.ITEM, item.flags(), item.secondsLeft(), reading);
    }

    /** @param bytes which nobody else has */
    private FarReading reading(Link link, String name, int flags, long cas, byte[] bytes) {
        FarReading reading;
        if (Flags.areOfRecord(flags) && bytes.length >= RecordFormat.HEADER_LENGTH) {
            // The place of the version is empty.
            ByteBuffer.wrap(bytes).putLong(RecordFormat.IDENTITY_OFFSET, cas);
            reading = RecordBytes.parse(bytes);
        } else {
            reading = stamped(RecordBytes.parse(bytes), cas);
        }
        if (reading instanceof FarReading.Found found) {
            saw(link, name, found.record());
        }
        return reading;
    }

    /** Remembers a record of this version. */
    void saw(Link link, String name, FarRecord record) {
        seen.saw(name, link, record);
    }

    private static FarReading stamped(FarReading reading, long cas) {
        return reading instanceof FarReading.Found found
                ? new FarReading.Found(versioned(found.record(), cas))
                : reading;
    }

    static FarRecord versioned(FarRecord record, long version) {
        FarRecord.Stamp stamp = record.stamp();
        return new FarRecord(
                new FarRecord.Stamp(version, stamp.writeId(), stamp.sourceVersion(), stamp.seq()),
                record.life(),
                record.attributes(),
                record.content());
    }

    /** A reading with its times moved by some milliseconds. */
    static FarReading shifted(FarReading reading, long millis) {
        if (millis == 0 || !(reading instanceof FarReading.Found found)) {
            return reading;
        }
        FarRecord record = found.record();
        FarRecord.Life life = record.life();
        return new FarReading.Found(new FarRecord(
                record.stamp(),
                new FarRecord.Life(Math.max(0, life.freshUntil() + millis), Math.max(0, life.goneAt() + millis)),
                record.attributes(),
                record.content()));
    }

    static void failIfRefused(Reply reply) {
        if (reply instanceof Reply.Failed || reply instanceof Reply.TooLarge) {
            throw refused(reply);
        }
    }

    static IllegalStateException refused(Reply reply) {
        return new IllegalStateException(
                reply instanceof Reply.Failed failed ? "memcached refused: " + failed.reason() : "unexpected " + reply);
    }

    static <A, B> List<B> mapped(List<? extends A> from, Function<? super A, ? extends B> function) {
        List<B> to = new ArrayList<>(from.size());
        for (A one : from) {
            to.add(function.apply(one));
        }
        return to;
    }
}
