package dev.terrace.cache.strategy;

import dev.terrace.cache.AsyncCache;
import dev.terrace.cache.BulkLoader;
import dev.terrace.cache.Cache;
import dev.terrace.cache.CacheClosedException;
import dev.terrace.cache.EntryOptions;
import dev.terrace.cache.Loader;
import dev.terrace.cache.Lookup;
import dev.terrace.cache.PutStamp;
import dev.terrace.cache.spi.JournalException;
import dev.terrace.cache.spi.SharedLog.Tenure;
import dev.terrace.cache.strategy.PendingWrites.Batch;
import dev.terrace.cache.strategy.PendingWrites.Queued;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.function.DoubleSupplier;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A put is cached now and stored later: it joins a bounded queue, replaces what waits there of its key, and is written with
 * others, in the order of its key, by the queue's own threads. Reads through this wrapper see what is pending, also when the
 * cache has let go of it.
 *
 * <pre>{@code
 * WriteBehind<Long, Cart> carts = WriteBehind.around(cache, BatchWriter.each(repository))
 *         .batchSize(100).maxDelay(Duration.ofMillis(200)).capacity(10_000).whenFull(WhenFull.BLOCK)
 *         .deadLetters((operation, cause) -> parkedCarts.add(operation))
 *         .build();
 * }</pre>
 *
 * <p><b>What holds.</b> Of two operations of one key the store never gets the earlier after the later: not across batches,
 * retries or threads; a remove is not overtaken. A batch that fails is tried again after a pause that grows, in halves, so that
 * an operation that always fails is alone before it is given to the {@link DeadLetterHandler}, while all others go on. When the
 * store has acknowledged, the key is invalidated in the cache unless that still holds this put and nobody is loading it: what
 * was read from the store in between does not stay.
 *
 * <p><b>What is left behind</b>
 * <ul>
 *   <li>A put that finds the queue full and is refused: nothing.
 *   <li>A store that fails: the operation stays pending, and reads go on seeing it. A store that threw although it had stored is
 *       written again: see {@link StoreOperation}.
 *   <li>A store that hangs: its flusher's keys wait until it returns; it is interrupted at the write deadline. When the queue
 *       is full, puts wait, are refused or write by themselves.
 *   <li>A crash, without a journal: what is pending is lost: at most {@code capacity} keys, and as long as the store takes writes nothing older
 *       than about {@code maxDelay} and a write. Other nodes may go on serving the lost value until its life ends.
 *   <li>A crash, with a journal: every put and remove that returned is there after the restart, is read as pending again, and
 *       reaches the store in the order of its key; the last ones before the crash perhaps for the second time. A put that had not
 *       returned may be there, too, or be seen in the far tier until its life ends although it is not.
 *   <li>A journal that cannot be written: the put is refused, with {@link JournalException}, and nothing of it stays.
 *   <li>A crash, with a journal that processes share: the same, and another process writes what is left as soon as the journal
 *       hands it over. An owner that was paused meanwhile may write late, with a lower fence: see {@link StoreOperation}.
 *   <li>A close that does not finish in time: what is left stays in the journal, or goes to the dead-letter handler.
 *   <li>A cache whose far tier fails: puts are accepted all the same; the far tier is repaired when it answers.
 * </ul>
 *
 * <p><b>What it is not.</b> Other nodes do not see what is pending here but what the far tier holds; while an operation is
 * pending longer than that lives, they read the old row; and this one reads its own put while that is pending, also when another
 * node has put the key since. Two nodes that write one key through queues of their own write it in either order; with a journal
 * that they share, in the order in which the journal got it. {@link #clear}, {@link #invalidate} and {@link #invalidateTag} forget what is cached, not what is pending; what
 * {@link #changes} applies is in the store already and does not touch the queue. {@code putIfAbsent} is refused.
 *
 * <p>Blocks as {@link Cache#put}, and for room in the queue. {@link #async} never waits for room: a full queue fails its
 * future, unless the policy is to write through, which runs the writer on the calling thread.
 */
public final class WriteBehind<K, V> extends ForwardingCache<K, V> {

    private static final Duration FLUSH_STEP = Duration.ofMillis(10);

    private final QueueSettings<K, V> settings;
    private final Parts parts;
    private final List<PendingWrites<K, V>> shares = new ArrayList<>();
    private final List<Flusher<K, V>> flushers = new ArrayList<>();
    private final List<Thread> threads = new ArrayList<>();
    private final QueueReports reports;
    private final QueueTracing tracing;
    private final Room room;
    private final OperationLog<K, V> log;
    private final @Nullable SharedQueue<K, V> shared;
    private final AtomicBoolean closing = new AtomicBoolean();
    /** One permit for each operation that is being accepted, which a close waits for. */
    private final Semaphore accepting = new Semaphore(Integer.MAX_VALUE);

    private volatile boolean stopped;
    private volatile boolean closed;
    private final AsyncCache<K, V> async;

    /** Time, chance and threads, as tests replace them. */
    record Parts(LongSupplier nanoTime, DoubleSupplier chance, boolean threads) {}

    WriteBehind(Cache<K, V> cache, QueueSettings<K, V> settings, OperationLog<K, V> log, Parts parts) {
        super(cache);
        this.log = log;
        this.shared = log.shared();
        this.settings = settings;
        this.parts = parts;
        this.room = new Room(settings.room().capacity());
        // Room in a shared log is free when that says so.
        Runnable freed = shared == null ? room::release : () -> {};
        this.reports =
                new QueueReports(cache.name(), settings.watchers().listener(), freed, this::state, parts.nanoTime);
        this.tracing = new QueueTracing(cache.name(), settings.watchers().tracer(), reports);
        this.async = new Async(cache.async());
        for (int i = 0; i < settings.batching().flushers(); i++) {
            PendingWrites<K, V> share = new PendingWrites<>(settings.batching(), log);
            Flusher<K, V> flusher = new Flusher<>(
                    share,
                    settings,
                    new Flusher.Surroundings<>(parts.nanoTime, parts.chance, cache.async(), log, reports, tracing));
            shares.add(share);
            flushers.add(flusher);
            if (parts.threads) {
                Thread thread =
                        new Thread(null, () -> run(flusher), "terrace-write-behind-" + name() + "-" + i, 0, false);
                thread.setDaemon(true);
                thread.setContextClassLoader(WriteBehind.class.getClassLoader());
                threads.add(thread);
            }
        }
        List<StoreOperation<K, V>> recovered = log.recovered();
        for (StoreOperation<K, V> operation : recovered) {
            if (share(operation.key()).recover(operation, parts.nanoTime.getAsLong())) {
                room.exceed();
            }
        }
        if (!recovered.isEmpty()) {
            reports.recovered(recovered.size());
            // What an earlier process has put there may be older than what it has left to be written.
            Waiting.forEnd(cache.async().invalidateAll(keys(recovered)));
        }
        threads.forEach(Thread::start);
        if (shared != null) {
            shared.start(new Shares());
        }
    }

    /** Where what a shared log hands out goes. */
    private final class Shares implements SharedQueue.Receiver<K, V> {

        @Override
        public void handOver(Queued<K, V> operation) {
            if (share(operation.operation().key())
                    .handOver(operation, parts.nanoTime.getAsLong())
                    .replaced()) {
                reports.replaced();
            }
        }

        @Override
        public void forsake(Tenure tenure) {
            shares.forEach(share -> share.forsake(tenure));
        }

        @Override
        public void putAside(JournalException why) {
            reports.putAside(why);
        }

        @Override
        public void damaged(JournalException what) {
            reports.damaged(what);
        }
    }

    private static <K, V> Set<K> keys(List<StoreOperation<K, V>> operations) {
        Set<K> keys = new LinkedHashSet<>();
        operations.forEach(operation -> keys.add(operation.key()));
        return keys;
    }

    /** Starts a wrapper around a cache; the writer gets what is put and removed through it. */
    public static <K, V> WriteBehindBuilder<K, V> around(Cache<K, V> cache, BatchWriter<K, V> writer) {
        return new WriteBehindBuilder<>(cache, writer);
    }

    private void run(Flusher<K, V> flusher) {
        while (!stopped) {
            try {
                flusher.runNext();
            } catch (InterruptedException e) {
                // Told to stop, or an interrupt of a writer that had just ended: the loop asks which.
                reports.woken();
            } catch (Throwable thrown) {
                // Its keys are nobody else's to write, so it goes on, though not without a pause.
                reports.defect(thrown);
                LockSupport.parkNanos(FLUSH_STEP.toNanos());
            }
        }
    }

    private PendingWrites<K, V> share(K key) {
        int hash = key.hashCode() * 0x9E3779B9;
        return shares.get(Math.floorMod(hash ^ (hash >>> 16), shares.size()));
    }

    private Flusher<K, V> flusher(K key) {
        return flushers.get(shares.indexOf(share(key)));
    }

    private @Nullable StoreOperation<K, V> pending(K key) {
        Objects.requireNonNull(key, "key");
        if (closed) {
            return null;
        }
        StoreOperation<K, V> here = share(key).newest(key);
        StoreOperation<K, V> sent = shared == null ? null : shared.sent(key);
        return here == null || (sent != null && sent.number() > here.number()) ? sent : here;
    }

    private QueueReports.State state() {
        long now = parts.nanoTime.getAsLong();
        int pending = 0;
        long oldest = now;
        for (PendingWrites<K, V> share : shares) {
            pending += share.size();
            oldest = Math.min(oldest, share.oldest(now));
        }
        if (shared != null) {
            // What it has put and what it is to write are partly the same.
            pending = Math.max(pending, shared.size());
            oldest = Math.min(oldest, shared.oldest(now));
        }
        return new QueueReports.State(pending, Duration.ofNanos(now - oldest));
    }

    /** Runs what is due, for tests without threads. Returns whether anything was. */
    boolean runDue() {
        boolean any = false;
        for (Flusher<K, V> flusher : flushers) {
            any |= flusher.runDue();
        }
        return any;
    }

    /** The number of a key's newest operation where it is pending, else 0; for tests. */
    long pendingNumber(K key) {
        StoreOperation<K, V> pending = pending(key);
        return pending == null ? 0 : pending.number();
    }

    /** Counts, and what is pending now. */
    public WriteBehindStats pendingWrites() {
        return reports.stats();
    }

    /**
     * Writes what is pending now, and waits for it, at most this long. What comes later is not waited for. With a shared journal:
     * what this process has put or was handed; what others write they write in their own time.
     *
     * @return whether all of it was stored, replaced or given up in that time
     */
    public boolean flush(Duration longest) {
        long end = System.nanoTime() + Checks.atMostForever(longest).toNanos();
        boolean all = true;
        try {
            if (shared != null) {
                all = flushShared(shared.written(), end);
            }
            for (PendingWrites<K, V> share : shares) {
                all &= share.flush(end - System.nanoTime());
            }
            return all;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /** Some of it may yet have to be handed to this process. */
    private boolean flushShared(CompletableFuture<?> written, long end) throws InterruptedException {
        long left = end - System.nanoTime();
        while (left > 0 && !written.isDone()) {
            for (PendingWrites<K, V> share : shares) {
                share.flush(Math.min(left, FLUSH_STEP.toNanos()));
            }
            SharedQueue.awaits(written, Math.min(left, FLUSH_STEP.toNanos()));
            left = end - System.nanoTime();
        }
        return SharedQueue.awaits(written, 0);
    }

    /** Begins no further batch until {@link #resume}. Puts are accepted while there is room. */
    public void pause() {
        shares.forEach(share -> share.pause(true));
    }

    /** Goes on after {@link #pause}. */
    public void resume() {
        shares.forEach(share -> share.pause(false));
    }

    // Writes

    @Override
    public void put(K key, V value, EntryOptions options) {
        Checks.put(key, value, options);
        accept(key, value, options, settings.room().whenFull());
    }

    @Override
    public void putAll(Map<? extends K, ? extends V> values) {
        Map<K, V> checked = Checks.entries(values);
        checkOpen();
        checked.forEach((key, value) -> put(key, value));
    }

    /** Removes a key's value: from the cache now, from the store later, after every put of it that came before. */
    public void remove(K key) {
        accept(
                Objects.requireNonNull(key, "key"),
                null,
                EntryOptions.DEFAULT,
                settings.room().whenFull());
    }

    /**
     * Refused: that neither the queue nor a tier has a key does not say that the store has no such row.
     *
     * @throws UnsupportedOperationException always
     */
    @Override
    public boolean putIfAbsent(K key, V value, EntryOptions options) {
        Checks.put(key, value, options);
        checkOpen();
        throw StoringCache.unsupported();
    }

    private void accept(K key, @Nullable V value, EntryOptions options, WhenFull whenFull) {
        checkOpen();
        if (shared != null) {
            reserve(whenFull);
            accepted(true, () -> send(shared, key, value, options));
            return;
        }
        PendingWrites<K, V> share = share(key);
        boolean reserved = !share.isPending(key);
        boolean hasRoom = !reserved || reserve(whenFull);
        accepted(reserved && hasRoom, () -> {
            if (hasRoom) {
                enqueue(share, key, value, options, reserved);
            } else {
                writeThrough(share, key, value, options);
            }
        });
    }

    /** Accepts an operation, unless the queue was closed while it waited for room. */
    private void accepted(boolean reserved, Runnable operation) {
        accepting.acquireUninterruptibly();
        try {
            if (closing.get()) {
                if (reserved) {
                    room.release();
                }
                throw closedException();
            }
            operation.run();
        } finally {
            accepting.release();
        }
    }

    private void enqueue(PendingWrites<K, V> share, K key, @Nullable V value, EntryOptions options, boolean reserved) {
        PendingWrites.Added added = null;
        try {
            added = add(share, draft(key, value, options));
        } finally {
            if (reserved && (added == null || !added.first())) {
                room.release();
            } else if (!reserved && added != null && added.first()) {
                // What was pending has been written in between.
                room.exceed();
            }
        }
        log.awaitDurable(added.number());
    }

    private void send(SharedQueue<K, V> queue, K key, @Nullable V value, EntryOptions options) {
        boolean taken = false;
        try {
            queue.send(draft(key, value, options), parts.nanoTime.getAsLong(), room::release);
            taken = true;
        } catch (JournalException refused) {
            // It is cached already, and may never be stored.
            Waiting.forEnd(wrapped().async().invalidate(key));
            throw refused;
        } finally {
            if (!taken) {
                room.release();
            }
        }
        reports.accepted.increment();
    }

    private PendingWrites.Added add(PendingWrites<K, V> share, PendingWrites.Draft<K, V> draft) {
        PendingWrites.Added added;
        try {
            added = share.add(draft, parts.nanoTime.getAsLong());
            if (added == null) {
                throw closedException();
            }
        } catch (JournalException | CacheClosedException refused) {
            // It is cached already, and will never be stored.
            Waiting.forEnd(invalidated(draft.key()));
            throw refused;
        }
        reports.accepted.increment();
        if (added.replaced()) {
            reports.coalesced.increment();
        }
        return added;
    }

    private CompletableFuture<Void> invalidated(K key) {
        try {
            return wrapped().async().invalidate(key);
        } catch (CacheClosedException closed) {
            return CompletableFuture.failedFuture(closed);
        }
    }

    /** First the cache: what a put of it does late, after its own acknowledgement, nobody would take back. */
    private PendingWrites.Draft<K, V> draft(K key, @Nullable V value, EntryOptions options) {
        byte[] encoded = log.encoded(key, value);
        return new PendingWrites.Draft<>(key, value, encoded, cached(key, value, options), tracing.here());
    }

    /** Never fails for the far tier, which the cache repairs by itself. */
    private PutStamp cached(K key, @Nullable V value, EntryOptions options) {
        if (value == null) {
            Waiting.forEnd(wrapped().async().invalidate(key));
            return PutStamp.NONE;
        }
        try {
            // Bounded by the far budget; not to be interrupted half-way.
            return wrapped().async().putAhead(key, value, options).join();
        } catch (CompletionException e) {
            throw Waiting.unchecked(e);
        }
    }

    /** @return whether there is room; false where the caller is to write by itself */
    private boolean reserve(WhenFull whenFull) {
        if (room.tryAcquire()) {
            return true;
        }
        switch (whenFull) {
            case WRITE_THROUGH -> {
                return false;
            }
            case BLOCK -> {
                try {
                    if (room.tryAcquire(settings.room().longestWait().toNanos(), TimeUnit.NANOSECONDS)) {
                        return true;
                    }
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    throw full("interrupted while waiting for room");
                }
                throw full("no room within " + settings.room().longestWait());
            }
            case REJECT -> throw full("no room");
        }
        throw new AssertionError(whenFull);
    }

    private QueueFullException full(String why) {
        return new QueueFullException("write-behind of cache \"" + name() + "\": " + why + "; "
                + settings.room().capacity() + " keys are pending");
    }

    private void writeThrough(PendingWrites<K, V> share, K key, @Nullable V value, EntryOptions options) {
        Flusher<K, V> flusher = flusher(key);
        Batch<K, V> claimed = share.claim(
                new PendingWrites.Draft<>(key, value, log.encoded(key, value), PutStamp.NONE, null),
                parts.nanoTime.getAsLong());
        if (claimed == null) {
            PendingWrites.Added added = add(share, draft(key, value, options));
            if (added.first()) {
                room.exceed();
            }
            log.awaitDurable(added.number());
            return;
        }
        room.exceed();
        reports.accepted.increment();
        Throwable failure = flusher.call(claimed);
        try {
            // It was not put into the cache, and what is there may be older.
            claimed.keys().forEach(flusher::giveUp);
        } catch (Throwable thrown) {
            flusher.tryAgain(claimed);
            throw thrown;
        } finally {
            if (failure instanceof InterruptedException) {
                Thread.currentThread().interrupt();
            }
        }
        if (failure != null) {
            throw Waiting.unchecked(failure);
        }
    }

    /** Room for keys, which threads that meet at the bound may exceed by one each. */
    private static final class Room extends Semaphore {

        private static final long serialVersionUID = 1L;

        Room(int keys) {
            super(keys);
        }

        void exceed() {
            reducePermits(1);
        }
    }

    private void checkOpen() {
        if (closing.get()) {
            throw closedException();
        }
    }

    private CacheClosedException closedException() {
        return new CacheClosedException("write-behind: cache \"" + name() + "\" is closed");
    }

    // Reads

    @Override
    boolean writesAStore() {
        return true;
    }

    @Override
    public @Nullable V getIfPresent(K key) {
        StoreOperation<K, V> pending = pending(key);
        return pending == null ? wrapped().getIfPresent(key) : pending.value();
    }

    @Override
    @SuppressWarnings("NullAway")
    public V get(K key) {
        StoreOperation<K, V> pending = pending(key);
        return pending == null ? wrapped().get(key) : pending.value();
    }

    @Override
    @SuppressWarnings("NullAway")
    public V get(K key, Loader<? super K, ? extends V> loader, EntryOptions options) {
        Objects.requireNonNull(loader, "loader");
        Objects.requireNonNull(options, "options");
        StoreOperation<K, V> pending = pending(key);
        return pending == null ? wrapped().get(key, loader, options) : pending.value();
    }

    @Override
    public Map<K, V> getAll(Iterable<? extends K> keys) {
        Known known = known(keys);
        return known.with(known.isAll() ? Map.of() : wrapped().getAll(known.others));
    }

    @Override
    public Map<K, V> getAll(Iterable<? extends K> keys, BulkLoader<K, V> loader, EntryOptions options) {
        Objects.requireNonNull(loader, "loader");
        Objects.requireNonNull(options, "options");
        Known known = known(keys);
        return known.with(known.isAll() ? Map.of() : wrapped().getAll(known.others, loader, options));
    }

    @Override
    public Map<K, V> getAllPresent(Iterable<? extends K> keys) {
        Known known = known(keys);
        return known.with(known.isAll() ? Map.of() : wrapped().getAllPresent(known.others));
    }

    private Known known(Iterable<? extends K> keys) {
        Known known = new Known();
        for (K key : Objects.requireNonNull(keys, "keys")) {
            known.add(Objects.requireNonNull(key, "key"));
        }
        return known;
    }

    /** What a read of many keys need not ask the cache for. */
    private final class Known {

        private final Map<K, @Nullable StoreOperation<K, V>> distinct = new LinkedHashMap<>();
        private final Set<K> others = new LinkedHashSet<>();

        private void add(K key) {
            if (!distinct.containsKey(key)) {
                StoreOperation<K, V> operation = pending(key);
                distinct.put(key, operation);
                if (operation == null) {
                    others.add(key);
                }
            }
        }

        private boolean isAll() {
            return others.isEmpty() && !distinct.isEmpty();
        }

        private Map<K, V> with(Map<K, V> found) {
            if (others.size() == distinct.size()) {
                return found;
            }
            Map<K, V> all = new LinkedHashMap<>();
            distinct.forEach((key, operation) -> {
                V value = operation == null ? found.get(key) : operation.value();
                if (value != null) {
                    all.put(key, value);
                }
            });
            return Collections.unmodifiableMap(all);
        }
    }

    @Override
    public Lookup<V> lookup(K key) {
        StoreOperation<K, V> pending = pending(key);
        return pending == null ? wrapped().lookup(key) : described(pending);
    }

    /** In no tier, but fresh for as long as it is pending. */
    private static <K, V> Lookup<V> described(StoreOperation<K, V> pending) {
        return pending.isRemove()
                ? Lookup.absent()
                : new Lookup<>(
                        Lookup.Status.FRESH,
                        pending.value(),
                        null,
                        Duration.ZERO,
                        Duration.ZERO,
                        Duration.ZERO,
                        List.of(),
                        false);
    }

    @Override
    @SuppressWarnings("NullAway")
    public V refresh(K key) {
        StoreOperation<K, V> pending = pending(key);
        return pending == null ? wrapped().refresh(key) : pending.value();
    }

    @Override
    @SuppressWarnings("NullAway")
    public V refresh(K key, Loader<? super K, ? extends V> loader) {
        Objects.requireNonNull(loader, "loader");
        StoreOperation<K, V> pending = pending(key);
        return pending == null ? wrapped().refresh(key, loader) : pending.value();
    }

    @Override
    public AsyncCache<K, V> async() {
        return async;
    }

    /**
     * Accepts nothing more, waits for what is being accepted and writes what is pending, then closes the cache; what is left stays
     * in the journal, or is given to the dead-letter handler. Blocks for the close deadline at most, and as long as that handler
     * and the closing of the cache take. With a journal the last tenth of it is for writers that are interrupted. Idempotent.
     */
    @Override
    public void close() {
        if (!closing.compareAndSet(false, true)) {
            return;
        }
        resume();
        CloseDeadline deadline =
                new CloseDeadline(parts.nanoTime, settings.room().closeDeadline(), log.keeps());
        awaitAccepted(deadline);
        if (!threads.isEmpty()) {
            flush(deadline.toWrite());
        }
        stopped = true;
        threads.forEach(Thread::interrupt);
        if (log.keeps()) {
            // Others must not begin before what is being written is written.
            awaitThreads(deadline);
            shares.forEach(PendingWrites::close);
            int left = state().pending();
            if (left > 0) {
                reports.left(left, "they stay in the journal");
            }
            log.close();
            closeCache();
            return;
        }
        List<StoreOperation<K, V>> unwritten = new ArrayList<>();
        shares.forEach(share -> unwritten.addAll(share.close()));
        if (!unwritten.isEmpty()) {
            unwritten.forEach(this::givenUp);
            Waiting.forEnd(wrapped().async().invalidateAll(keys(unwritten)));
            reports.left(unwritten.size(), "they went to the dead-letter handler");
        }
        closeCache();
    }

    private void awaitAccepted(CloseDeadline deadline) {
        try {
            if (!accepting.tryAcquire(Integer.MAX_VALUE, deadline.toWrite().toNanos(), TimeUnit.NANOSECONDS)) {
                // Each of them is refused when it comes to be queued.
                return;
            }
            accepting.release(Integer.MAX_VALUE);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** From then on reads are the cache's to refuse. */
    private void closeCache() {
        wrapped().close();
        closed = true;
    }

    /** Not given up for an interrupt, which has been passed on to them. */
    private void awaitThreads(CloseDeadline deadline) {
        boolean interrupted = Thread.interrupted();
        for (Thread thread : threads) {
            while (true) {
                try {
                    // Nothing would be for ever.
                    thread.join(Math.max(1, deadline.toEnd().toMillis()));
                    break;
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void givenUp(StoreOperation<K, V> operation) {
        TimeoutException cause = new TimeoutException("not written before the close deadline");
        try {
            settings.deadLetters().handle(operation, cause);
            reports.deadLetter(cause);
        } catch (Throwable thrown) {
            reports.deadLetterHandlerThrew(thrown);
        }
    }

    private final class Async extends ForwardingAsyncCache<K, V> {

        Async(AsyncCache<K, V> cache) {
            super(cache);
        }

        private <T extends @Nullable Object> CompletableFuture<T> pendingOr(
                K key, Function<StoreOperation<K, V>, T> answer, CompletableFutureOf<T> otherwise) {
            StoreOperation<K, V> pending = pending(key);
            return pending == null ? otherwise.begin() : CompletableFuture.completedFuture(answer.apply(pending));
        }

        @Override
        @SuppressWarnings("NullAway")
        public CompletableFuture<@Nullable V> getIfPresent(K key) {
            StoreOperation<K, V> pending = pending(key);
            return pending == null ? wrapped().getIfPresent(key) : CompletableFuture.completedFuture(pending.value());
        }

        @Override
        @SuppressWarnings("NullAway")
        public CompletableFuture<V> get(K key) {
            return pendingOr(key, StoreOperation::value, () -> wrapped().get(key));
        }

        @Override
        @SuppressWarnings("NullAway")
        public CompletableFuture<V> get(K key, Loader<? super K, ? extends V> loader, EntryOptions options) {
            Objects.requireNonNull(loader, "loader");
            Objects.requireNonNull(options, "options");
            return pendingOr(key, StoreOperation::value, () -> wrapped().get(key, loader, options));
        }

        @Override
        public CompletableFuture<Map<K, V>> getAll(Iterable<? extends K> keys) {
            return withPending(keys, wrapped()::getAll);
        }

        @Override
        public CompletableFuture<Map<K, V>> getAll(
                Iterable<? extends K> keys, BulkLoader<K, V> loader, EntryOptions options) {
            Objects.requireNonNull(loader, "loader");
            Objects.requireNonNull(options, "options");
            return withPending(keys, rest -> wrapped().getAll(rest, loader, options));
        }

        @Override
        public CompletableFuture<Map<K, V>> getAllPresent(Iterable<? extends K> keys) {
            return withPending(keys, wrapped()::getAllPresent);
        }

        private CompletableFuture<Map<K, V>> withPending(
                Iterable<? extends K> keys, Function<Set<K>, CompletableFuture<Map<K, V>>> rest) {
            Known known = known(keys);
            return known.isAll()
                    ? CompletableFuture.completedFuture(known.with(Map.of()))
                    : rest.apply(known.others).thenApply(known::with);
        }

        @Override
        public CompletableFuture<Lookup<V>> lookup(K key) {
            return pendingOr(key, WriteBehind::described, () -> wrapped().lookup(key));
        }

        @Override
        @SuppressWarnings("NullAway")
        public CompletableFuture<V> refresh(K key) {
            return pendingOr(key, StoreOperation::value, () -> wrapped().refresh(key));
        }

        @Override
        @SuppressWarnings("NullAway")
        public CompletableFuture<V> refresh(K key, Loader<? super K, ? extends V> loader) {
            Objects.requireNonNull(loader, "loader");
            return pendingOr(key, StoreOperation::value, () -> wrapped().refresh(key, loader));
        }

        @Override
        public CompletableFuture<Void> put(K key, V value, EntryOptions options) {
            Checks.put(key, value, options);
            WhenFull whenFull = settings.room().whenFull();
            try {
                accept(key, value, options, whenFull == WhenFull.BLOCK ? WhenFull.REJECT : whenFull);
                return CompletableFuture.completedFuture(null);
            } catch (RuntimeException refused) {
                return CompletableFuture.failedFuture(refused);
            }
        }

        @Override
        public CompletableFuture<Void> putAll(Map<? extends K, ? extends V> values) {
            Map<K, V> checked = Checks.entries(values);
            if (closing.get()) {
                return CompletableFuture.failedFuture(closedException());
            }
            List<CompletableFuture<Void>> puts = new ArrayList<>();
            checked.forEach((key, value) -> puts.add(put(key, value)));
            return CompletableFuture.allOf(puts.toArray(CompletableFuture[]::new));
        }

        @Override
        public CompletableFuture<Boolean> putIfAbsent(K key, V value, EntryOptions options) {
            Checks.put(key, value, options);
            return CompletableFuture.failedFuture(closing.get() ? closedException() : StoringCache.unsupported());
        }
    }

    @FunctionalInterface
    private interface CompletableFutureOf<T extends @Nullable Object> {
        CompletableFuture<T> begin();
    }
}
