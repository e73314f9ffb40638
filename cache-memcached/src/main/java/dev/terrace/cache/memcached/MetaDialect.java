package dev.terrace.cache.memcached;

import java.util.List;

/** The meta protocol: {@code mg}, {@code ms}, {@code md}. */
final class MetaDialect extends TextDialect {

    static final MetaDialect INSTANCE = new MetaDialect();

    private MetaDialect() {}

    @Override
    public String name() {
        return "meta";
    }

    @Override
    public boolean leavesStubs() {
        return true;
    }

    @Override
    void encode(Ask ask, Out out) {
        if (ask instanceof Ask.Get get) {
            out.text("mg ").text(get.key()).text(get.value() ? " c f v" : " c f");
            if (get.life()) {
                out.text(" t");
            }
            if (get.stubSeconds() > 0) {
                out.text(" N").text(Integer.toString(get.stubSeconds()));
            }
        } else if (ask instanceof Ask.Store store) {
            out.text("ms ").text(store.key()).text(" ").text(Integer.toString(store.bytes().length));
            out.text(" c T").text(Integer.toString(store.ttl()));
            out.text(" F").text(Integer.toUnsignedString(store.flags()));
            if (store.cas() == Ask.NOTHING) {
                out.text(" ME");
            } else if (store.cas() != Ask.ANY) {
                out.text(" C").text(Long.toUnsignedString(store.cas()));
            }
            out.endLine().bytes(store.bytes());
        } else if (ask instanceof Ask.Delete delete) {
            out.text("md ").text(delete.key());
            if (delete.cas() != Ask.ANY) {
                out.text(" C").text(Long.toUnsignedString(delete.cas()));
            }
        } else if (ask instanceof Ask.Touch touch) {
            out.text("mg ").text(touch.key()).text(" T").text(Integer.toString(touch.ttl()));
        } else {
            throw new IllegalArgumentException("the meta protocol cannot say " + ask);
        }
        out.endLine();
    }

    @Override
    <T> WholeItems<T> one(String name, Items<T> items, int largest) {
        return new MetaGet<>(name, items, largest);
    }

    @Override
    public Replies<Reply> replies(List<Ask> asks, int largest) {
        return new MetaLines(asks, largest);
    }

    private static final class MetaLines extends Lines {

        private Reply.Item announced = new Reply.Item(0, 0, null, -1, false, false);

        MetaLines(List<Ask> asks, int largest) {
            super(asks, largest);
        }

        @Override
        void reply(Ask ask, String line) {
            if (line.startsWith("VA ")) {
                int end = line.indexOf(' ', 3);
                announced = item(line, end < 0 ? line.length() : end);
                expectValue(Integer.parseInt(line, 3, end < 0 ? line.length() : end, 10));
            } else if (line.startsWith("HD")) {
                if (ask instanceof Ask.Get) {
                    replied(item(line, 2));
                } else if (ask instanceof Ask.Store) {
                    replied(new Reply.Stored(item(line, 2).cas()));
                } else {
                    replied(Reply.DONE);
                }
            } else if (line.equals("EN") || line.startsWith("NF")) {
                replied(Reply.MISSING);
            } else if (line.startsWith("EX") || line.startsWith("NS")) {
                replied(Reply.CONFLICT);
            } else {
                throw unexpected(line);
            }
        }

        @Override
        void valueEnded(byte[] bytes) {
            Reply.Item item = announced;
            replied(new Reply.Item(item.cas(), item.flags(), bytes, item.secondsLeft(), item.won(), item.stub()));
        }

        private static Reply.Item item(String line, int from) {
            long cas = 0;
            int flags = 0;
            int left = Reply.Item.UNKNOWN;
            boolean won = false;
            boolean sent = false;
            int at = from;
            while (at < line.length()) {
                int start = at + 1;
                int end = line.indexOf(' ', start);
                at = end < 0 ? line.length() : end;
                switch (start < at ? line.charAt(start) : ' ') {
                    case 'c' -> cas = Long.parseUnsignedLong(line, start + 1, at, 10);
                    case 'f' -> flags = Integer.parseUnsignedInt(line, start + 1, at, 10);
                    case 't' -> left = Integer.parseInt(line, start + 1, at, 10);
                    case 'W' -> won = true;
                    case 'Z' -> sent = true;
                    default -> {}
                }
            }
            return new Reply.Item(cas, flags, null, left, won, won || sent || flags == Flags.STUB);
        }
    }
}
