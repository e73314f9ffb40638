package dev.terrace.cache.memcached;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Many whole items by one {@code gets} with as many names as a line may have, which costs server and client half of what a request
 * for each does. What is found comes in the order of the names, what is not is left out.
 */
final class Gets<T> extends WholeItems<T> {

    /** What comes whole to where a server reads it. A line more would cost it more than a longer one. */
    private static final int LONGEST_LINE = 8_000;

    private static final byte[] COMMAND = ascii("gets");
    private static final byte[] LINE_END = ascii("\r\n");
    private static final byte[] VALUE = ascii("VALUE ");
    private static final byte[] END = ascii("END\r\n");

    /** The request, and where in it each name begins. */
    private final byte[] request;

    private final int[] places;

    /** The first name of each line after the first. */
    private final List<Integer> breaks = new ArrayList<>(1);

    private int linesEnded;

    Gets(List<String> names, Dialect.Items<T> items, int largest) {
        super(names, items, largest);
        this.places = new int[names.size()];
        this.request = new byte[broken()];
        write();
    }

    /** Where lines are to be broken; returns how many bytes it makes. */
    private int broken() {
        int command = COMMAND.length + LINE_END.length;
        int size = command;
        int line = command;
        for (int i = 0; i < names.size(); i++) {
            int length = names.get(i).length() + 1;
            if (line + length > LONGEST_LINE) {
                breaks.add(i);
                size += command;
                line = command;
            }
            size += length;
            line += length;
        }
        return size;
    }

    private void write() {
        int at = write(COMMAND, request, 0);
        int lines = 0;
        for (int i = 0; i < places.length; i++) {
            if (lines < breaks.size() && breaks.get(lines) == i) {
                lines++;
                at = write(COMMAND, request, write(LINE_END, request, at));
            }
            request[at] = ' ';
            places[i] = at + 1;
            at = write(names.get(i), request, at + 1);
        }
        write(LINE_END, request, at);
    }

    @Override
    byte[] request() {
        return request;
    }

    @Override
    boolean isOver() {
        return linesEnded > breaks.size();
    }

    @Override
    int taken(byte[] bytes, int start, int limit) {
        if (begins(bytes, start, limit, VALUE)) {
            return value(bytes, start + VALUE.length, limit);
        }
        if (begins(bytes, start, limit, END)) {
            lineEnded();
            return start + END.length;
        }
        return -1;
    }

    private int value(byte[] bytes, int start, int limit) {
        int last = lastOfLine();
        for (int index = next(); index < last; index++) {
            int length = names.get(index).length();
            int at = start + length;
            if (at < limit
                    && bytes[at] == ' '
                    && Arrays.equals(bytes, start, at, request, places[index], places[index] + length)) {
                return numbers(bytes, at + 1, limit, index);
            }
        }
        return -1;
    }

    private int numbers(byte[] bytes, int start, int limit, int index) {
        int flagsEnd = digits(bytes, start, limit);
        int lengthEnd = digits(bytes, flagsEnd + 1, limit);
        int casEnd = digits(bytes, lengthEnd + 1, limit);
        if (!endsLine(bytes, casEnd, limit) || bytes[flagsEnd] != ' ' || bytes[lengthEnd] != ' ') {
            return -1;
        }
        long length = number(bytes, flagsEnd + 1, lengthEnd);
        if (!isLength(length)) {
            return -1;
        }
        missing(index);
        announced((int) number(bytes, start, flagsEnd), number(bytes, lengthEnd + 1, casEnd), (int) length);
        return casEnd + LINE_END.length;
    }

    @Override
    void refused() {
        lineEnded();
    }

    private void lineEnded() {
        missing(lastOfLine());
        linesEnded++;
    }

    private int lastOfLine() {
        return linesEnded < breaks.size() ? breaks.get(linesEnded) : places.length;
    }
}
