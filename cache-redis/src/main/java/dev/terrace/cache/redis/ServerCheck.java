package dev.terrace.cache.redis;

import io.lettuce.core.output.StatusOutput;
import io.lettuce.core.protocol.CommandType;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks once at how a server is set up, and says what hurts a cache. {@code docs/redis-production.md} says why. A server that
 * does not tell is left alone.
 */
final class ServerCheck {

    private static final Logger LOG = LoggerFactory.getLogger("dev.terrace.cache.redis");

    private ServerCheck() {}

    static void begin(String server, RedisSession session) {
        session.ask(CommandType.INFO, new StatusOutput<>(KeysAndBytes.CODEC), RedisSession.args())
                .thenAccept(info -> tell(server, info));
    }

    private static void tell(String server, String info) {
        List<String> findings = findings(info);
        if (!findings.isEmpty()) {
            LOG.warn("{} is not set up as a cache should be: {}", server, String.join("; ", findings));
        }
    }

    /** What hurts, from the answer to {@code INFO}. */
    static List<String> findings(String info) {
        List<String> findings = new ArrayList<>();
        boolean limited = !value(info, "maxmemory").equals("0");
        if (limited && value(info, "maxmemory_policy").equals("noeviction")) {
            findings.add("maxmemory-policy is noeviction, so that a full server refuses writes instead of making room");
        }
        if (value(info, "aof_enabled").equals("1")) {
            findings.add("appendonly is on, so that a slow disk delays every write of what a cache can load again");
        }
        return findings;
    }

    private static String value(String info, String name) {
        Matcher line = Pattern.compile("(?m)^" + name + ":(\\S*)").matcher(info);
        return line.find() ? line.group(1) : "";
    }
}
