package dev.terrace.cache.redis.lock;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** For whom a lock is asked: nobody in particular, or one who gets it again while having it. */
interface Owner {

    Owner NOBODY = new Owner() {};

    /** What this owner has already. */
    default @Nullable LockGrant held() {
        return null;
    }

    /** Notes what this owner is granted. */
    default Hold hold(Ledger ledger, Share share, String token, long fencingNumber, long sentAt) {
        return new Hold(ledger, token, share, fencingNumber, sentAt, () -> {});
    }

    /** What the owners of one lock hold in this process. */
    final class Known {

        private final Map<Object, Hold> holds = new ConcurrentHashMap<>();

        Owner of(Object owner) {
            return new Owner() {
                @Override
                public @Nullable LockGrant held() {
                    Hold hold = holds.get(owner);
                    return hold == null ? null : hold.view();
                }

                @Override
                public Hold hold(Ledger ledger, Share share, String token, long fencingNumber, long sentAt) {
                    Hold[] made = new Hold[1];
                    made[0] = new Hold(ledger, token, share, fencingNumber, sentAt, () -> holds.remove(owner, made[0]));
                    holds.put(owner, made[0]);
                    return made[0];
                }
            };
        }
    }
}
