package dev.terrace.cache;

import dev.terrace.cache.codec.StringCodec;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * A process with a cache, built as users build it but for its clock, its chance and its threads: a load takes as long as is
 * drawn, and reads its row at some moment of that time.
 */
final class SimulatedNode implements SimulationHistory.Rules {

    private final int number;
    private final World world;
    private final SimulationPlan plan;
    private final SimulatedClock clock;
    private final @Nullable SimulatedLink link;
    private final SimulatedFarTier tier;
    private final Random random;
    private final Cache<Integer, String> cache;
    private boolean loadsFail;
    private boolean calm;
    private @Nullable Run running;
    private @Nullable Users users;
    private int keyLeftAlone;
    private long leftAloneUntil;

    /** What all nodes share. */
    record World(SimulatedTime time, SimulatedServer server, SimulatedSource source, SimulationHistory history) {}

    /** A load. All that a real one does happens at its end. */
    private static final class Run {
        final SimulationHistory.Moment began;
        boolean cancelled;

        Run(SimulationHistory.Moment began) {
            this.began = began;
        }
    }

    SimulatedNode(
            int number, World world, SimulationPlan plan, SimulatedClock clock, SimulatedFarTier.Chances chances) {
        this.number = number;
        this.world = world;
        this.plan = plan;
        this.clock = clock;
        this.random = chances.random();
        this.link = plan.server().linked()
                ? new SimulatedLink(number, world, clock, chances, new SimulatedLink.Owner() {
                    @Override
                    public void told(int key, SimulationHistory.Moment sent, Runnable notice) {
                        SimulatedNode.this.told(key, sent, notice);
                    }

                    @Override
                    public Duration longestAnswer() {
                        // Who is about to be alone is told first of what changes.
                        return world.time().nanos() < leftAloneUntil
                                ? Duration.ZERO
                                : plan.rarities().slowLink();
                    }

                    @Override
                    public boolean isLostUnnoticed() {
                        return plan.rarities().isolates();
                    }

                    @Override
                    public void lost() {
                        letOthersChange(SimulatedNode.this.random.nextInt(plan.keys()));
                    }
                })
                : null;
        this.tier = new SimulatedFarTier(number, world, clock, chances, link);
        this.cache = built();
    }

    private Cache<Integer, String> built() {
        CacheBuilder<Integer, String> builder = Cache.<Integer, String>builder("simulated")
                .near(Near.maximumSize(1_000))
                .far(tier, StringCodec.utf8())
                .freshFor(plan.life().fresh())
                .jitter(plan.life().jitter())
                .earlyRefresh(plan.life().early())
                .retryAfter(Duration.ofMillis(100))
                .maxStaleness(plan.bounds().maxStaleness())
                .serveWhileCutOff(plan.bounds().serveWhileCutOff())
                .leaseWait(plan.bounds().leaseWait())
                .farBudget(SimulationPlan.BUDGET)
                .recoveryCapacity(plan.bounds().recoveryCapacity())
                .loader(this::load)
                .bulkLoader(this::loadAll)
                .loadDeadline(SimulationPlan.Loading.DEADLINE)
                .completeAbandonedLoads(plan.loading().completeAbandoned())
                .executor(this::decode);
        if (plan.life().negative() != null) {
            builder.negativeFor(plan.life().negative());
        }
        if (!plan.life().stale().isZero()) {
            builder.staleFor(plan.life().stale()).softDeadline(plan.loading().soft());
        }
        EngineParts parts = builder.parts();
        parts.ticker = clock;
        parts.scheduler = clock;
        parts.callbacks = Runnable::run;
        parts.loads = this::start;
        parts.chance = random::nextDouble;
        parts.writeIds = random::nextLong;
        parts.stripes = plan.bounds().stripes();
        return builder.build();
    }

    int number() {
        return number;
    }

    Cache<Integer, String> cache() {
        return cache;
    }

    AsyncCache<Integer, String> async() {
        return cache.async();
    }

    Assembly<Integer, String> assembly() {
        return ((TieredCache<Integer, String>) cache).assembly();
    }

    Switches switches() {
        return ((TieredCache<Integer, String>) cache).switches();
    }

    Engine<Integer, String> engine() {
        return assembly().engine();
    }

    SimulatedClock clock() {
        return clock;
    }

    /** Loses the link, to make it anew within moments. */
    void blink() {
        if (link != null) {
            link.blink();
        }
    }

    /** Whoever uses this node does not use this key here for a while. */
    void leaveAlone(int key, Duration time) {
        keyLeftAlone = key;
        leftAloneUntil = world.time().nanos() + time.toNanos();
    }

    /** The keys of which a copy may be served here. */
    List<Integer> keysNear() {
        List<Integer> keys = new ArrayList<>();
        for (int key = 0; key < plan.keys(); key++) {
            Entry<String> copy = engine().tiers().near().get(key);
            if (copy != null && engine().judge(copy).mayBeServed()) {
                keys.add(key);
            }
        }
        return keys;
    }

    boolean isLeftAlone(int key) {
        return key == keyLeftAlone && world.time().nanos() < leftAloneUntil;
    }

    /** What is asked of callers at a moment that matters. */
    interface Users {
        /** Somebody reads a key here that is not near any more. */
        void readAnew(int key);

        /** Somebody changes a key on another node. */
        void changeElsewhere(int key);
    }

    void usedBy(Users present) {
        users = present;
    }

    void letReadAnew(int key) {
        if (users != null) {
            users.readAnew(key);
        }
    }

    void letOthersChange(int key) {
        if (users != null) {
            users.changeElsewhere(key);
        }
    }

    /** What a link tells ends a copy that was believed for its telling. */
    private void told(int key, SimulationHistory.Moment sent, Runnable notice) {
        Entry<String> copy = engine().tiers().near().get(key);
        Entry<String> believed = copy == null || copy.watch.isOver() ? null : copy;
        notice.run();
        if (plan.rarities().isolates() && believed != null && believed.value != null && believed.watch.isChanged()) {
            world.history().told(number, believed.value, sent);
        }
    }

    /** The keys of which this node has just learned that a fill was refused. */
    List<Integer> takeRefusedKeys() {
        return tier.takeRefusedKeys();
    }

    /** Whether a repair of a key waits here; for a key that nobody uses, whether one of everything does. */
    boolean isSuspect(int key) {
        FarSide<Integer, String> far = engine().far();
        return far != null && far.recovery().isSuspect(far.key(key));
    }

    boolean isSuspect(String tag) {
        FarSide<Integer, String> far = engine().far();
        return far != null && far.recovery().isSuspectTag(List.of(tag));
    }

    void loadsFail(boolean fail) {
        loadsFail = fail;
    }

    /** From now on loads neither fail nor take long. */
    void calmDown() {
        calm = true;
    }

    /** Runs what is not a load. */
    private void decode(Runnable task) {
        if (random.nextInt(20) == 0) {
            throw new RejectedExecutionException();
        }
        clock.after((long) (300_000 * random.nextDouble()), task);
    }

    private RunningLoad start(Runnable load) {
        if (!calm && !plan.isFaultless() && random.nextInt(500) == 0) {
            throw new LoadRejectedException("no room");
        }
        Run run = new Run(world.history().moment());
        clock.after(took(), () -> {
            if (!run.cancelled) {
                running = run;
                load.run();
            }
        });
        return () -> run.cancelled = true;
    }

    private long took() {
        long usual = plan.loading().usual().toNanos();
        int kind = random.nextInt(100);
        double factor = calm || kind < 90 ? 0.2 + random.nextDouble() : kind < 98 ? 2 + 3 * random.nextDouble() : 15;
        long took = (long) (usual * factor);
        // Without faults no load is so slow that others stop waiting for it.
        return plan.isFaultless() ? Math.min(took, plan.bounds().leaseWait().toNanos() / 2) : took;
    }

    private Run running() {
        Run run = running;
        running = null;
        if (run == null) {
            throw new IllegalStateException("a load that was not started, or that loads twice");
        }
        return run;
    }

    private @Nullable String load(int key, LoadContext<String> context) {
        Run run = running();
        failSometimes(Set.of(key), run);
        SimulationHistory.Origin origin = loaded(key, run, true);
        if (!origin.tags.isEmpty()) {
            context.tags(origin.tags.toArray(String[]::new));
        }
        if (plan.loading().sourceVersions()) {
            context.sourceVersion(origin.row.number());
        }
        return origin.row.present() ? text(origin) : null;
    }

    /** What a caller gives as its own loader. */
    @Nullable
    String loadAlone(int key) {
        Run run = running();
        failSometimes(Set.of(key), run);
        SimulationHistory.Origin origin = loaded(key, run, false);
        return origin.row.present() ? text(origin) : null;
    }

    /** Values that are loaded together have no tags. */
    private Map<Integer, String> loadAll(Set<Integer> keys) {
        Run run = running();
        failSometimes(keys, run);
        Map<Integer, String> values = new HashMap<>();
        for (int key : keys) {
            SimulationHistory.Origin origin = loaded(key, run, false);
            if (origin.row.present()) {
                values.put(key, text(origin));
            }
        }
        return values;
    }

    private SimulationHistory.Origin loaded(int key, Run run, boolean tagged) {
        long readAt = run.began.nanos() + (long) ((world.time().nanos() - run.began.nanos()) * random.nextDouble());
        return world.history().loaded(number, key, world.source().at(key, readAt), tagged, run.began);
    }

    private void failSometimes(Set<Integer> keys, Run run) {
        if (!calm && (loadsFail || random.nextDouble() < plan.loading().failing())) {
            keys.forEach(key -> world.history().loadFailed(number, key, run.began));
            throw new SourceFailure();
        }
    }

    String text(SimulationHistory.Origin origin) {
        return SimulationHistory.text(origin, "x".repeat(plan.loading().padding()));
    }

    @Override
    public boolean isToldAtOnce(long then) {
        return link != null && plan.isToldAtOnce() && link.wasArmed(then);
    }

    /** What is loaded before a new link's first answer is kept in doubt, for the bound, whatever is told of its tags. */
    @Override
    public boolean isLoadedInDoubt(long then) {
        long answered = plan.rarities().slowReplies().toNanos() * 3 / 2;
        return answered > 0 && link != null && !link.wasArmed(then - answered, then);
    }

    @Override
    public long longestBound() {
        return clock.trueTime(plan.bounds().maxStaleness()).toNanos();
    }

    @Override
    public long whileCutOff(long since) {
        return tier.wasSilent(longestBound() - 3_000_000, since)
                ? clock.trueTime(plan.bounds().serveWhileCutOff()).toNanos()
                : 0;
    }

    @Override
    public long loadDeadline() {
        return clock.trueTime(SimulationPlan.Loading.DEADLINE).toNanos();
    }

    /** What a loader throws. */
    static final class SourceFailure extends RuntimeException {
        private static final long serialVersionUID = 1L;

        SourceFailure() {
            super("the source failed", null, false, false);
        }
    }
}
