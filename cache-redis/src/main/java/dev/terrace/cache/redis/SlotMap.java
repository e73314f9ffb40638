package dev.terrace.cache.redis;

import io.lettuce.core.cluster.SlotHash;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Which primary of a cluster holds which slots, as one of its nodes has said. Immutable. */
final class SlotMap {

    /** Before any node has said anything. */
    static final SlotMap NONE = new SlotMap(new String[SlotHash.SLOT_COUNT]);

    private final @Nullable String[] owners;
    private final Set<String> primaries;

    private SlotMap(@Nullable String[] owners) {
        this.owners = owners;
        Set<String> different = new LinkedHashSet<>();
        for (String owner : owners) {
            if (owner != null) {
                different.add(owner);
            }
        }
        this.primaries = Collections.unmodifiableSet(different);
    }

    /**
     * Reads the answer to {@code CLUSTER SLOTS}.
     *
     * @param asked the host that was asked, which a node may leave out of its own address
     */
    static SlotMap parse(List<?> answer, String asked) {
        @Nullable String[] owners = new String[SlotHash.SLOT_COUNT];
        for (Object one : answer) {
            List<?> range = (List<?>) one;
            List<?> primary = (List<?>) range.get(2);
            String host = primary.get(0) instanceof byte[] text ? new String(text, StandardCharsets.US_ASCII) : "";
            String address = (host.isEmpty() || host.equals("?") ? asked : host) + ":" + primary.get(1);
            int first = ((Long) range.get(0)).intValue();
            int last = ((Long) range.get(1)).intValue();
            Arrays.fill(owners, first, last + 1, address);
        }
        return new SlotMap(owners);
    }

    /** The same but for one slot, which a node says is elsewhere. */
    SlotMap moved(int slot, String address) {
        @Nullable String[] next = owners.clone();
        next[slot] = address;
        return new SlotMap(next);
    }

    /** Host and port of the primary that holds a key; null where nobody is known to. */
    @Nullable
    String owner(String redisKey) {
        return owners[SlotHash.getSlot(redisKey)];
    }

    /** Host and port of each primary. */
    Set<String> primaries() {
        return primaries;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof SlotMap that && Arrays.equals(owners, that.owners);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(owners);
    }
}
