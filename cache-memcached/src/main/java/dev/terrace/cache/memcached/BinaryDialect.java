package dev.terrace.cache.memcached;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The binary protocol: the only one in which a client can say who it is. Every reply has a CAS id. */
final class BinaryDialect implements Dialect {

    static final BinaryDialect INSTANCE = new BinaryDialect();

    private static final int HEADER = 24;
    private static final byte REQUEST = (byte) 0x80;
    private static final byte RESPONSE = (byte) 0x81;
    private static final byte GET = 0x00;
    private static final byte SET = 0x01;
    private static final byte ADD = 0x02;
    private static final byte DELETE = 0x04;
    private static final byte STAT = 0x10;
    private static final byte TOUCH = 0x1c;
    private static final byte SASL = 0x21;
    private static final int FLAGS = 4;

    private static final int OK = 0;
    private static final int NOT_FOUND = 1;
    private static final int EXISTS = 2;
    private static final int TOO_LARGE = 3;
    private static final int NOT_STORED = 5;

    /** How the reason begins with which a server refuses all that is asked before it knows who asks. */
    static final String WHO_ARE_YOU = "status 32 ";

    private static final byte[] NONE = {};

    private BinaryDialect() {}

    @Override
    public String name() {
        return "binary";
    }

    @Override
    public boolean leavesStubs() {
        return false;
    }

    @Override
    public byte[] encode(List<Ask> asks) {
        ByteArrayOutputStream out = new ByteArrayOutputStream(256);
        for (Ask ask : asks) {
            out.writeBytes(encode(ask));
        }
        return out.toByteArray();
    }

    @Override
    public <T> Question<T> whole(List<String> names, Items<T> items, int largest) {
        Question<Reply> question = question(Records.mapped(names, name -> new Ask.Get(name, true, false, 0)), largest);
        return new Question<>(question.bytes(), names.size(), new Whole<>(names, items, question.replies()));
    }

    private record Whole<T>(List<String> names, Items<T> items, Replies<Reply> replies) implements Replies<T> {

        @Override
        public boolean read(ByteBuffer in) {
            return replies.read(in);
        }

        @Override
        public List<T> all() {
            List<Reply> read = replies.all();
            List<T> all = new ArrayList<>(read.size());
            for (int i = 0; i < read.size(); i++) {
                Reply reply = read.get(i);
                Records.failIfRefused(reply);
                all.add(
                        reply instanceof Reply.Item item && item.value() != null
                                ? items.found(names.get(i), item.flags(), item.cas(), item.value())
                                : items.missing());
            }
            return all;
        }
    }

    private static byte[] encode(Ask ask) {
        if (ask instanceof Ask.Get get) {
            return packet(GET, NONE, get.key(), NONE, 0);
        } else if (ask instanceof Ask.Store store) {
            byte[] extras = ByteBuffer.allocate(8)
                    .putInt(store.flags())
                    .putInt(store.ttl())
                    .array();
            boolean add = store.cas() == Ask.NOTHING;
            return packet(add ? ADD : SET, extras, store.key(), store.bytes(), add ? 0 : store.cas());
        } else if (ask instanceof Ask.Delete delete) {
            return packet(DELETE, NONE, delete.key(), NONE, delete.cas());
        } else if (ask instanceof Ask.Touch touch) {
            return packet(TOUCH, ByteBuffer.allocate(4).putInt(touch.ttl()).array(), touch.key(), NONE, 0);
        } else if (ask instanceof Ask.Stats stats) {
            return packet(STAT, NONE, stats.what(), NONE, 0);
        } else if (ask instanceof Ask.Authenticate who) {
            byte[] plain = ("\0" + who.user() + "\0" + who.password()).getBytes(StandardCharsets.UTF_8);
            return packet(SASL, NONE, "PLAIN", plain, 0);
        }
        throw new IllegalArgumentException("the binary protocol cannot say " + ask);
    }

    private static byte[] packet(byte opcode, byte[] extras, String key, byte[] value, long cas) {
        byte[] keyBytes = key.getBytes(StandardCharsets.US_ASCII);
        int body = extras.length + keyBytes.length + value.length;
        return ByteBuffer.allocate(HEADER + body)
                .put(REQUEST)
                .put(opcode)
                .putShort((short) keyBytes.length)
                .put((byte) extras.length)
                .put((byte) 0)
                .putShort((short) 0)
                .putInt(body)
                .putInt(0)
                .putLong(cas)
                .put(extras)
                .put(keyBytes)
                .put(value)
                .array();
    }

    @Override
    public Replies<Reply> replies(List<Ask> asks, int largest) {
        return new Packets(asks, largest);
    }

    private static final class Packets implements Replies<Reply> {

        private final List<Ask> asks;
        private final List<Reply> replies;
        private final Map<String, String> table = new HashMap<>();
        private final byte[] header = new byte[HEADER];
        private int headerFilled;
        private final int largest;
        private @Nullable Arriving body;

        Packets(List<Ask> asks, int largest) {
            this.asks = asks;
            this.largest = largest;
            this.replies = new ArrayList<>(asks.size());
        }

        @Override
        public List<Reply> all() {
            return replies;
        }

        @Override
        public boolean read(ByteBuffer in) {
            while (replies.size() < asks.size()) {
                Arriving filling = body;
                if (filling == null) {
                    int part = Math.min(HEADER - headerFilled, in.remaining());
                    in.get(header, headerFilled, part);
                    headerFilled += part;
                    if (headerFilled < HEADER) {
                        return false;
                    }
                    int length = ByteBuffer.wrap(header).getInt(8);
                    if (header[0] != RESPONSE || length < 0) {
                        throw new IllegalStateException("unexpected reply, not of the binary protocol");
                    }
                    if (length > largest) {
                        throw new IllegalStateException("unexpected reply, of " + length + " bytes");
                    }
                    filling = new Arriving(length);
                    body = filling;
                }
                if (!filling.fill(in)) {
                    return false;
                }
                headerFilled = 0;
                body = null;
                packet(asks.get(replies.size()), ByteBuffer.wrap(header), filling.bytes());
            }
            return true;
        }

        private void packet(Ask ask, ByteBuffer head, byte[] content) {
            int status = Short.toUnsignedInt(head.getShort(6));
            long cas = head.getLong(16);
            if (status == OK && ask instanceof Ask.Stats) {
                stat(Short.toUnsignedInt(head.getShort(2)), content);
            } else if (status == OK && ask instanceof Ask.Get) {
                int extras = Byte.toUnsignedInt(head.get(4));
                int flags = extras >= FLAGS ? ByteBuffer.wrap(content).getInt() : 0;
                int start = extras + Short.toUnsignedInt(head.getShort(2));
                byte[] value = Arrays.copyOfRange(content, start, content.length);
                replies.add(new Reply.Item(cas, flags, value, -1, false, Flags.areOfStub(flags, value.length)));
            } else {
                replies.add(reply(ask, status, cas, content));
            }
        }

        private void stat(int keyLength, byte[] content) {
            if (keyLength == 0) {
                replies.add(new Reply.Table(Map.copyOf(table)));
                table.clear();
            } else {
                String text = new String(content, StandardCharsets.ISO_8859_1);
                table.put(text.substring(0, keyLength), text.substring(keyLength));
            }
        }

        private static Reply reply(Ask ask, int status, long cas, byte[] content) {
            return switch (status) {
                case OK -> ask instanceof Ask.Store ? new Reply.Stored(cas) : Reply.DONE;
                case NOT_FOUND ->
                    ask instanceof Ask.Store store && store.cas() == Ask.NOTHING ? Reply.CONFLICT : Reply.MISSING;
                case EXISTS, NOT_STORED -> Reply.CONFLICT;
                case TOO_LARGE -> new Reply.TooLarge();
                default ->
                    new Reply.Failed("status " + status + " " + new String(content, StandardCharsets.ISO_8859_1));
            };
        }
    }
}
