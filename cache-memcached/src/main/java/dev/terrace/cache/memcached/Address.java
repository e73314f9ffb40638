package dev.terrace.cache.memcached;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A server as it is configured. Keys are placed by this text alone, never by what it resolves to.
 *
 * @param weight its share of the keys, where the placement knows weights
 */
record Address(String host, int port, int weight) {

    static final int DEFAULT_PORT = 11211;

    private static final Pattern FORM =
            Pattern.compile("(?:\\[(?<six>[0-9A-Fa-f:.]+)]|(?<host>[A-Za-z0-9._-]+))(?::(?<port>\\d{1,5}))?");
    private static final Pattern NUMBERS = Pattern.compile("[0-9.]+");
    private static final int LARGEST_PORT = 65_535;

    /** @throws IllegalArgumentException if it is not {@code host}, {@code host:port} or {@code [IPv6]:port} */
    static Address parse(String text, int weight) {
        Matcher matcher = FORM.matcher(text);
        if (!matcher.matches()) {
            throw new IllegalArgumentException("servers: \"" + text + "\" is not host, host:port or [IPv6]:port");
        }
        String six = matcher.group("six");
        String port = matcher.group("port");
        int number = port == null ? DEFAULT_PORT : Integer.parseInt(port);
        if (number < 1 || number > LARGEST_PORT) {
            throw new IllegalArgumentException("servers: \"" + text + "\" has no possible port");
        }
        return new Address(six == null ? matcher.group("host") : six, number, weight);
    }

    /** @throws IllegalArgumentException if one is no address, or is there twice, or there is none */
    static List<Address> parseAll(String text) {
        List<Address> all = new ArrayList<>();
        for (String one : text.split("[,\\s]+", -1)) {
            if (!one.isEmpty()) {
                all.add(parse(one, 1));
            }
        }
        return different(all);
    }

    static List<Address> different(List<Address> all) {
        if (all.isEmpty()) {
            throw new IllegalArgumentException("servers: there is none");
        }
        Set<String> seen = new HashSet<>();
        for (Address one : all) {
            if (!seen.add(one.toString().toLowerCase(Locale.ROOT))) {
                throw new IllegalArgumentException("servers: " + one + " is there twice");
            }
        }
        return List.copyOf(all);
    }

    /** Whether it is an address already, and no name. */
    boolean isLiteral() {
        return host.indexOf(':') >= 0 || NUMBERS.matcher(host).matches();
    }

    @Override
    public String toString() {
        return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port;
    }
}
