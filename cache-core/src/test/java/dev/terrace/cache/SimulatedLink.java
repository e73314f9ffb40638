package dev.terrace.cache;

import dev.terrace.cache.spi.ChangeFeed;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One node's link to the {@link SimulatedServer}: a connection whose messages keep their order, may be slow, and may be lost
 * with all that follow, with or without anybody being told. The node asks, one question at a time, and begins anew where it
 * is told of a loss or not answered.
 */
final class SimulatedLink implements ChangeFeed {

    private static final long USUAL_PAUSE = 20_000_000;
    private static final long LONGEST_PAUSE = 2_000_000_000;

    private final int node;
    private final SimulatedTime time;
    private final SimulatedClock clock;
    private final SimulatedServer server;
    private final SimulatedNetwork network;
    private final SimulationHistory history;
    private final Owner owner;
    private final Random random;
    private @Nullable Listener listener;
    private @Nullable Connection current;
    private boolean closed;
    /** When it began to tell, was lost, began to tell again, and so on. */
    private final List<Long> beginningsAndEnds = new ArrayList<>();

    /** The node at this end. */
    interface Owner {
        /** @param sent when the server told of a change of this key, by this notice */
        void told(int key, SimulationHistory.Moment sent, Runnable notice);

        /**
         * How long an answer may travel where many a connection is lost unnoticed behind one; zero where that does not happen.
         */
        Duration longestAnswer();

        /** Whether nobody here is told when the connection is lost. */
        boolean isLostUnnoticed();

        /** A connection is lost behind an answer: nobody tells what happens from now on. */
        void lost();
    }

    SimulatedLink(
            int node, SimulatedNode.World world, SimulatedClock clock, SimulatedFarTier.Chances chances, Owner owner) {
        this.node = node;
        this.time = world.time();
        this.server = world.server();
        this.clock = clock;
        this.history = world.history();
        this.owner = owner;
        this.network = chances.network();
        this.random = new Random(chances.random().nextLong());
    }

    @Override
    public void start(Listener told) {
        listener = told;
        connect();
    }

    void close() {
        closed = true;
        Connection open = current;
        if (open != null) {
            server.unlink(open);
        }
    }

    /** The connection is lost, with what is on its way there, whether or not the node is told so. */
    void blink() {
        Connection open = current;
        if (open != null && isArmed()) {
            beginningsAndEnds.add(time.nanos());
            server.unlink(open);
            open.gone();
        }
    }

    private boolean isArmed() {
        return beginningsAndEnds.size() % 2 == 1;
    }

    /** Whether it told then. */
    boolean wasArmed(long then) {
        return wasArmed(then, then);
    }

    /** Whether it told then, and had since an earlier time. */
    boolean wasArmed(long since, long then) {
        int i = beginningsAndEnds.size();
        while (i > 0 && beginningsAndEnds.get(i - 1) > then) {
            i--;
        }
        return i % 2 == 1 && beginningsAndEnds.get(i - 1) <= since;
    }

    private void connect() {
        Listener told = listener;
        if (!closed && told != null) {
            Connection connection = new Connection(told);
            current = connection;
            connection.arm();
        }
    }

    @Override
    public String toString() {
        return "simulated";
    }

    /** Both ends of a connection. */
    final class Connection implements SimulatedServer.Subscriber {

        private final Listener told;
        private final Deque<Runnable> toNode = new ArrayDeque<>();
        private long lastArrival;
        /** From now on nothing arrives in this direction. */
        private boolean silentToNode;

        private boolean silentToServer;
        private boolean over;
        private int asked;
        private int answered;

        Connection(Listener told) {
            this.told = told;
        }

        private void arm() {
            long askedAt = told.nanos();
            ask(() -> {
                server.link(this);
                deliver(() -> {
                    answered++;
                    beginningsAndEnds.add(time.nanos());
                    told.armed(0, askedAt);
                    beatLater();
                });
            });
        }

        private void beat() {
            if (over || closed) {
                return;
            }
            long askedAt = told.nanos();
            ask(() -> {
                deliver(() -> {
                    answered++;
                    told.confirmed(0, askedAt);
                    beatLater();
                });
                if (!owner.longestAnswer().isZero() && random.nextInt(6) == 0) {
                    // What happens while it is on its way is told by nobody.
                    time.after((long) (owner.longestAnswer().toNanos() * 0.5 * random.nextDouble()), () -> {
                        blink();
                        owner.lost();
                    });
                }
            });
        }

        private void beatLater() {
            clock.schedule(this::beat, Duration.ofNanos(told.maxStaleness() / 5));
        }

        /** Asks, and gives the connection up where no answer comes. */
        private void ask(Runnable question) {
            int number = ++asked;
            clock.schedule(
                    () -> {
                        if (!closed && !over && answered < number) {
                            end();
                        }
                    },
                    Duration.ofNanos(Math.max(told.maxStaleness() / 2, 10_000_000)));
            if (silentToServer) {
                return;
            }
            long travel = network.link(node, false);
            if (travel < 0) {
                lose(travel, () -> silentToServer = true);
                return;
            }
            int life = server.life();
            time.after(
                    travel,
                    () -> server.receive(() -> {
                        if (server.life() == life && !over) {
                            question.run();
                        }
                    }));
        }

        private void lose(long how, Runnable silence) {
            silence.run();
            if (how == SimulatedNetwork.CUT) {
                clock.after(100_000, this::end);
            }
        }

        private void deliver(Runnable message) {
            if (silentToNode || over) {
                return;
            }
            long travel = network.link(node, true);
            if (travel < 0) {
                lose(travel, () -> silentToNode = true);
                return;
            }
            toNode.add(message);
            lastArrival = Math.max(lastArrival, time.nanos() + travel);
            clock.after(lastArrival - time.nanos(), () -> {
                Runnable next = toNode.remove();
                if (!over && !closed) {
                    next.run();
                }
            });
        }

        private void tell(Consumer<Listener> change) {
            deliver(() -> change.accept(told));
        }

        @Override
        public void changed(String key) {
            SimulationHistory.Moment sent = history.moment();
            deliver(() -> owner.told(Integer.parseInt(key), sent, () -> told.changed(0, key)));
        }

        @Override
        public void markerChanged(String name) {
            tell(listener -> listener.markerChanged(0, name));
        }

        @Override
        public void changedAll() {
            tell(listener -> listener.changedAll(0));
        }

        /** The server has gone, and says so or not. */
        @Override
        public void gone() {
            silentToServer = true;
            silentToNode = true;
            if (!owner.isLostUnnoticed() && random.nextBoolean()) {
                clock.after(100_000, this::end);
            }
        }

        private void end() {
            if (!over && !closed) {
                over = true;
                server.unlink(this);
                if (isArmed()) {
                    beginningsAndEnds.add(time.nanos());
                }
                told.lost(0);
                long pause = random.nextInt(8) == 0 ? LONGEST_PAUSE : USUAL_PAUSE;
                clock.after((long) (pause * random.nextDouble()), SimulatedLink.this::connect);
            }
        }
    }
}
