package dev.terrace.cache.memcached;

import java.util.List;

/** One whole item by {@code mg}: where many are asked for one by one, the server answers several of these at once. */
final class MetaGet<T> extends WholeItems<T> {

    private static final byte[] COMMAND = ascii("mg ");
    private static final byte[] WANTED = ascii(" c f v\r\n");
    private static final byte[] VALUE = ascii("VA ");
    private static final byte[] MISSING = ascii("EN\r\n");

    private boolean over;

    MetaGet(String name, Dialect.Items<T> items, int largest) {
        super(List.of(name), items, largest);
    }

    @Override
    byte[] request() {
        String name = names.get(0);
        byte[] request = new byte[COMMAND.length + name.length() + WANTED.length];
        write(WANTED, request, write(name, request, write(COMMAND, request, 0)));
        return request;
    }

    @Override
    boolean isOver() {
        return over;
    }

    @Override
    int taken(byte[] bytes, int start, int limit) {
        if (begins(bytes, start, limit, VALUE)) {
            return value(bytes, start + VALUE.length, limit);
        }
        if (begins(bytes, start, limit, MISSING)) {
            refused();
            return start + MISSING.length;
        }
        return -1;
    }

    private int value(byte[] bytes, int start, int limit) {
        int lengthEnd = digits(bytes, start, limit);
        long length = number(bytes, start, lengthEnd);
        long cas = 0;
        int flags = 0;
        int at = lengthEnd;
        while (at + 1 < limit && bytes[at] == ' ') {
            byte what = bytes[at + 1];
            int end = digits(bytes, at + 2, limit);
            if (what == 'c') {
                cas = number(bytes, at + 2, end);
            } else if (what == 'f') {
                flags = (int) number(bytes, at + 2, end);
            }
            at = end;
        }
        if (!endsLine(bytes, at, limit) || !isLength(length)) {
            return -1;
        }
        over = true;
        announced(flags, cas, (int) length);
        return at + END_OF_LINE;
    }

    @Override
    void refused() {
        missing(1);
        over = true;
    }
}
