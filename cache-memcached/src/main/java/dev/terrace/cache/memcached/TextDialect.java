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

/** What the two protocols of text have in common: lines, and values between them. */
abstract class TextDialect implements Dialect {

    private static final byte[] END_OF_LINE = {'\r', '\n'};

    @Override
    public final byte[] encode(List<Ask> asks) {
        int bytes = 0;
        for (Ask ask : asks) {
            bytes += size(ask);
        }
        Out out = new Out(Math.min(bytes, 1 << 16));
        for (Ask ask : asks) {
            if (ask instanceof Ask.Stats stats) {
                out.text(stats.what().isEmpty() ? "stats" : "stats " + stats.what())
                        .endLine();
            } else if (ask instanceof Ask.Probe) {
                out.text("mn").endLine();
            } else {
                encode(ask, out);
            }
        }
        return out.toByteArray();
    }

    /** About. */
    private static int size(Ask ask) {
        if (ask instanceof Ask.Get get) {
            return get.key().length() + 32;
        }
        return ask instanceof Ask.Store store ? store.bytes().length + 350 : 300;
    }

    @Override
    public final <T> Question<T> whole(List<String> names, Items<T> items, int largest) {
        WholeItems<T> whole = names.size() == 1 ? one(names.get(0), items, largest) : new Gets<>(names, items, largest);
        return new Question<>(whole.request(), names.size(), whole);
    }

    /** Asks for one whole item. */
    <T> WholeItems<T> one(String name, Items<T> items, int largest) {
        return new Gets<>(List.of(name), items, largest);
    }

    static boolean isRefusal(String line) {
        return line.startsWith("SERVER_ERROR") || line.startsWith("CLIENT_ERROR") || line.equals("ERROR");
    }

    static IllegalStateException unexpected(String line) {
        // Which may be a part of a value.
        return new IllegalStateException("unexpected reply of " + line.length() + " characters");
    }

    abstract void encode(Ask ask, Out out);

    /** What is written. */
    static final class Out extends ByteArrayOutputStream {

        Out(int size) {
            super(size);
        }

        @SuppressWarnings("deprecation") // of ASCII, the fastest way
        Out text(String ascii) {
            int length = ascii.length();
            if (count + length > buf.length) {
                buf = Arrays.copyOf(buf, Math.max(buf.length * 2, count + length));
            }
            ascii.getBytes(0, length, buf, count);
            count += length;
            return this;
        }

        Out endLine() {
            return bytes(END_OF_LINE);
        }

        Out bytes(byte[] bytes) {
            write(bytes, 0, bytes.length);
            return this;
        }
    }

    /** Reads line by line; a line may announce a value. */
    abstract static class Lines implements Replies<Reply> {

        private final List<Ask> asks;
        private final int largest;
        private final List<Reply> replies;
        private @Nullable Map<String, String> table;
        private @Nullable Arriving value;
        private int endings;

        Lines(List<Ask> asks, int largest) {
            this.asks = asks;
            this.largest = largest;
            this.replies = new ArrayList<>(asks.size());
        }

        @Override
        public final List<Reply> all() {
            return replies;
        }

        @Override
        public final boolean read(ByteBuffer in) {
            while (replies.size() < asks.size()) {
                Arriving filling = value;
                if (filling != null) {
                    if (!fill(filling, in)) {
                        return false;
                    }
                    value = null;
                    valueEnded(filling.bytes());
                } else {
                    String line = line(in);
                    if (line == null) {
                        return false;
                    }
                    line(asks.get(replies.size()), line);
                }
            }
            return true;
        }

        private boolean fill(Arriving filling, ByteBuffer in) {
            boolean filled = filling.fill(in);
            while (filled && endings < END_OF_LINE.length && in.hasRemaining()) {
                if (in.get() != END_OF_LINE[endings++]) {
                    throw new IllegalStateException("a value does not end where it should");
                }
            }
            return filled && endings == END_OF_LINE.length;
        }

        private static @Nullable String line(ByteBuffer in) {
            int start = in.position();
            for (int i = start; i < in.limit(); i++) {
                if (in.get(i) == '\n') {
                    byte[] bytes = new byte[i - start];
                    in.get(bytes);
                    in.get();
                    int length = bytes.length > 0 && bytes[bytes.length - 1] == '\r' ? bytes.length - 1 : bytes.length;
                    return new String(bytes, 0, length, StandardCharsets.ISO_8859_1);
                }
            }
            return null;
        }

        private void line(Ask ask, String line) {
            Reply failure = failure(line);
            if (failure != null) {
                if (!continues(ask, failure)) {
                    replied(failure);
                }
            } else if (ask instanceof Ask.Stats) {
                statLine(line);
            } else if (ask instanceof Ask.Probe) {
                replied(Reply.DONE);
            } else {
                try {
                    reply(ask, line);
                } catch (NumberFormatException | IndexOutOfBoundsException e) {
                    throw unexpected(line);
                }
            }
        }

        private static @Nullable Reply failure(String line) {
            if (line.startsWith("SERVER_ERROR object too large")) {
                return new Reply.TooLarge();
            }
            return isRefusal(line) ? new Reply.Failed(line) : null;
        }

        /** Whether more is to come for a request after a refusal. */
        boolean continues(Ask ask, Reply failure) {
            return false;
        }

        private void statLine(String line) {
            Map<String, String> entries = table == null ? new HashMap<>() : table;
            table = entries;
            String[] words = line.split(" ", 3);
            if (words[0].equals("STAT") && words.length == 3) {
                entries.put(words[1], words[2]);
            } else if (line.equals("END")) {
                table = null;
                replied(new Reply.Table(entries));
            } else {
                throw unexpected(line);
            }
        }

        final void replied(Reply reply) {
            replies.add(reply);
        }

        /** The next bytes are a value. */
        final void expectValue(int length) {
            if (length < 0 || length > largest) {
                throw new IllegalStateException("unexpected reply, of a value of " + length + " bytes");
            }
            value = new Arriving(length);
            endings = 0;
        }

        abstract void reply(Ask ask, String line);

        abstract void valueEnded(byte[] bytes);
    }
}
