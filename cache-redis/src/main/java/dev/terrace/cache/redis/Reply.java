package dev.terrace.cache.redis;

import io.lettuce.core.output.CommandOutput;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a script answers for one of its keys. */
sealed interface Reply {

    /** The server had nothing there. */
    Reply NOTHING = new Nothing();

    /** The call came past its deadline, so that nothing was done for any key. */
    Reply LATE = new Late();

    record Numeric(long value) implements Reply {}

    /** The change that was stored. */
    record Change(long version, long seq) implements Reply {}

    record Bytes(byte[] bytes) implements Reply {}

    record Nothing() implements Reply {}

    record Late() implements Reply {}

    /** Reads an array of replies. */
    final class Output extends CommandOutput<String, byte[], List<Reply>> {

        private boolean inArray;
        private boolean inChange;
        private @Nullable Long version;

        Output() {
            super(KeysAndBytes.CODEC, new ArrayList<>());
        }

        @Override
        public void multi(int count) {
            inChange = inArray;
            inArray = true;
        }

        @Override
        public void set(long number) {
            if (!inChange) {
                output.add(new Numeric(number));
            } else if (version == null) {
                version = number;
            } else {
                output.add(new Change(version, number));
                version = null;
                inChange = false;
            }
        }

        @Override
        public void set(@Nullable ByteBuffer bytes) {
            output.add(bytes == null ? NOTHING : new Bytes(codec.decodeValue(bytes)));
        }
    }
}
