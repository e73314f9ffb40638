package dev.terrace.cache.memcached;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The protocol of text that every memcached speaks: {@code gets}, {@code cas}, {@code add}. A reply to a store has no CAS id, so
 * a read follows each in the same round trip.
 */
final class ClassicDialect extends TextDialect {

    static final ClassicDialect INSTANCE = new ClassicDialect();

    private static final byte[] NO_BYTES = {};

    private ClassicDialect() {}

    @Override
    public String name() {
        return "classic";
    }

    @Override
    public boolean leavesStubs() {
        return false;
    }

    @Override
    void encode(Ask ask, Out out) {
        if (ask instanceof Ask.Get get) {
            out.text("gets ").text(get.key());
        } else if (ask instanceof Ask.Store store) {
            store(store, out);
            out.endLine().text("gets ").text(store.key());
        } else if (ask instanceof Ask.Delete delete) {
            if (delete.cas() == Ask.ANY) {
                out.text("delete ").text(delete.key());
            } else {
                // A deletion cannot depend on a CAS id; storing what is over at once can.
                store(new Ask.Store(delete.key(), NO_BYTES, Flags.STUB, -1, delete.cas()), out);
            }
        } else if (ask instanceof Ask.Touch touch) {
            out.text("touch ").text(touch.key()).text(" ").text(Integer.toString(touch.ttl()));
        } else {
            throw new IllegalArgumentException("the classic protocol cannot say " + ask);
        }
        out.endLine();
    }

    private static void store(Ask.Store store, Out out) {
        boolean cas = store.cas() != Ask.ANY && store.cas() != Ask.NOTHING;
        out.text(cas ? "cas " : store.cas() == Ask.NOTHING ? "add " : "set ")
                .text(store.key())
                .text(" ")
                .text(Integer.toUnsignedString(store.flags()))
                .text(" ")
                .text(Integer.toString(store.ttl()))
                .text(" ")
                .text(Integer.toString(store.bytes().length));
        if (cas) {
            out.text(" ").text(Long.toUnsignedString(store.cas()));
        }
        out.endLine().bytes(store.bytes());
    }

    @Override
    public Replies<Reply> replies(List<Ask> asks, int largest) {
        return new ClassicLines(asks, largest);
    }

    private static final class ClassicLines extends Lines {

        private @Nullable Reply outcome;
        private Reply found = Reply.MISSING;
        private int flags;
        private long cas;

        ClassicLines(List<Ask> asks, int largest) {
            super(asks, largest);
        }

        @Override
        void reply(Ask ask, String line) {
            if (ask instanceof Ask.Store && outcome == null) {
                outcome = outcome(line);
                return;
            }
            if (ask instanceof Ask.Get || ask instanceof Ask.Store) {
                readingLine(ask, line);
                return;
            }
            replied(outcome(line));
        }

        @Override
        boolean continues(Ask ask, Reply failure) {
            if (ask instanceof Ask.Store && outcome == null) {
                outcome = failure;
                return true;
            }
            return false;
        }

        private static Reply outcome(String line) {
            return switch (line) {
                case "STORED", "DELETED", "TOUCHED" -> Reply.DONE;
                case "NOT_STORED", "EXISTS" -> Reply.CONFLICT;
                case "NOT_FOUND" -> Reply.MISSING;
                default -> throw unexpected(line);
            };
        }

        private void readingLine(Ask ask, String line) {
            if (line.startsWith("VALUE ")) {
                String[] words = line.split(" ", -1);
                flags = Integer.parseUnsignedInt(words[2]);
                cas = Long.parseUnsignedLong(words[4]);
                expectValue(Integer.parseInt(words[3]));
            } else if (line.equals("END")) {
                replied(ask instanceof Ask.Store store ? stored(store) : found);
                outcome = null;
                found = Reply.MISSING;
            } else {
                throw unexpected(line);
            }
        }

        @Override
        void valueEnded(byte[] bytes) {
            found = new Reply.Item(cas, flags, bytes, -1, false, Flags.areOfStub(flags, bytes.length));
        }

        private Reply stored(Ask.Store store) {
            if (outcome != Reply.DONE) {
                return outcome == null ? Reply.MISSING : outcome;
            }
            if (found instanceof Reply.Item item) {
                boolean ours = item.flags() == store.flags() && Arrays.equals(item.value(), store.bytes());
                // Another write came in between, so that its CAS id is larger than ours was.
                return new Reply.Stored(ours ? item.cas() : item.cas() - 1);
            }
            return new Reply.Stored(Long.MAX_VALUE);
        }
    }
}
