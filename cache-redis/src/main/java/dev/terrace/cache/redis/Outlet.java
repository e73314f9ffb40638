package dev.terrace.cache.redis;

import io.lettuce.core.protocol.AsyncCommand;
import java.util.List;

/** How commands go to the session that they are for. */
@FunctionalInterface
interface Outlet {

    /** One operation's go as they come. */
    Outlet AT_ONCE = RedisSession::send;

    /** @param valueBytes how many bytes of values they carry */
    void send(RedisSession session, List<? extends AsyncCommand<String, byte[], ?>> commands, long valueBytes);
}
