package dev.terrace.cache;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;

/** What goes wrong in a simulation: how messages travel, and what happens to the server and to nodes. */
final class SimulatedFaults implements SimulatedNetwork {

    private static final long MILLISECOND = 1_000_000;

    private final SimulatedTime time;
    private final Random random;
    private final SimulationPlan.Faults plan;
    private final Duration blinks;
    private final SimulationPlan.Rarities rarities;
    private final boolean[] holdsRequests;
    private final boolean[] losesReplies;
    private final boolean[] isAlone;
    private final boolean[] isReset;
    private boolean over;

    SimulatedFaults(SimulatedTime time, Random random, SimulationPlan plan) {
        this.time = time;
        this.random = random;
        this.plan = plan.faults();
        this.blinks = plan.server().blinks();
        this.holdsRequests = new boolean[plan.nodes()];
        this.losesReplies = new boolean[plan.nodes()];
        this.rarities = plan.rarities();
        this.isAlone = new boolean[plan.nodes()];
        this.isReset = new boolean[plan.nodes()];
    }

    /** Those who suffer. */
    record Victims(
            SimulatedServer server,
            List<SimulatedNode> nodes,
            SimulatedForeigner foreigner,
            int keys,
            Consumer<Long> lostWritesSince) {}

    void begin(Victims victims) {
        strikeLater(victims);
        blinkLater(victims.nodes());
        if (rarities.isolates()) {
            isolateLater(victims);
            resetLater(victims.nodes());
        }
    }

    /** Who uses a node that is about to be alone leaves one key there alone, whose copy is as it was when that began. */
    private void isolateLater(Victims victims) {
        time.after((long) (rarities.isolation().toNanos() * 2 * random.nextDouble()), () -> {
            if (over) {
                return;
            }
            SimulatedNode node =
                    victims.nodes().get(random.nextInt(victims.nodes().size()));
            List<Integer> near = node.keysNear();
            int key = near.isEmpty() ? random.nextInt(victims.keys()) : near.get(random.nextInt(near.size()));
            node.letReadAnew(key);
            node.leaveAlone(key, Duration.ofMillis(450 + random.nextInt(400)));
            time.after(4 * MILLISECOND + late(40), () -> node.letOthersChange(key));
            time.after(late(150), () -> {
                isAlone[node.number()] = !over;
                time.after(late(2_500), () -> {
                    isAlone[node.number()] = false;
                    isolateLater(victims);
                });
            });
        });
    }

    private void resetLater(List<SimulatedNode> nodes) {
        time.after((long) (rarities.isolation().toNanos() * 2 * random.nextDouble()), () -> {
            if (over) {
                return;
            }
            int node = random.nextInt(nodes.size());
            isReset[node] = true;
            time.after(late(400), () -> {
                isReset[node] = false;
                resetLater(nodes);
            });
        });
    }

    private void blinkLater(List<SimulatedNode> nodes) {
        if (!blinks.isZero()) {
            time.after((long) (blinks.toNanos() * 2 * random.nextDouble()), () -> {
                if (!over) {
                    nodes.get(random.nextInt(nodes.size())).blink();
                    blinkLater(nodes);
                }
            });
        }
    }

    private void strikeLater(Victims victims) {
        if (!plan.often().isZero()) {
            time.after((long) (plan.often().toNanos() * 2 * random.nextDouble()), () -> strike(victims));
        }
    }

    /** From now on all goes well. */
    void end(Victims victims) {
        over = true;
        victims.server().refuseWrites(false);
        victims.server().thaw();
        victims.nodes().forEach(node -> {
            holdsRequests[node.number()] = false;
            losesReplies[node.number()] = false;
            isAlone[node.number()] = false;
            isReset[node.number()] = false;
            node.calmDown();
            node.switches().far(true);
            node.switches().near(true);
            node.switches().readOnly(false);
        });
    }

    @Override
    public long request(int node, FarOperation operation) {
        if (isAlone[node]) {
            return LOST;
        }
        long fate = message();
        // A half-open connection: what is written into it arrives when it comes back to life, or never.
        return holdsRequests[node] && fate >= 0 ? veryLate(2_000) : fate;
    }

    @Override
    public long reply(int node, FarOperation operation) {
        if (isAlone[node] || (losesReplies[node] && !over)) {
            return LOST;
        }
        long fate = message();
        return rarities.isCrowded() && !over && random.nextBoolean()
                ? fate + (long) (rarities.slowReplies().toNanos() * random.nextDouble())
                : fate;
    }

    /** In time to be stored: later than that it would be refused. */
    @Override
    public long straggler(int node, FarOperation operation) {
        boolean writes = operation == FarOperation.PUT
                || operation == FarOperation.INVALIDATE
                || operation == FarOperation.EXPIRE;
        return isReset[node] && !isAlone[node] && writes && random.nextBoolean() ? late(95) : LOST;
    }

    @Override
    public long link(int node, boolean toNode) {
        boolean broken = toNode ? losesReplies[node] : holdsRequests[node];
        if (isAlone[node] || (broken && !over)) {
            return LOST;
        }
        return toNode && rarities.isolates() && !over && random.nextBoolean()
                ? rarities.slowLink().toNanos()
                : linkMessage();
    }

    @Override
    public long betweenKeys(int node, FarOperation operation) {
        return random.nextInt(4) == 0 ? random.nextInt(500_000) : 0;
    }

    private long message() {
        if (!over && random.nextDouble() < plan.messages()) {
            return switch (random.nextInt(4)) {
                case 0 -> LOST;
                case 1 -> CUT;
                case 2 -> late(30);
                default -> veryLate(400);
            };
        }
        return 50_000 + (long) (500_000 * random.nextDouble());
    }

    private long linkMessage() {
        boolean faulty = !over && random.nextDouble() < plan.messages() / 4;
        return switch (faulty ? random.nextInt(4) : 4) {
            case 0 -> LOST;
            case 1 -> CUT;
            case 2 -> late(30);
            case 3 -> late(1_500);
            default -> 50_000 + (long) ((random.nextInt(4) == 0 ? 2_500_000 : 500_000) * random.nextDouble());
        };
    }

    /**
     * Later than its sender waits. What is written so late is refused by the server's clock, so that this does not happen
     * where that is set back.
     */
    private long veryLate(int millis) {
        return plan.clockSteps() ? LOST : late(millis);
    }

    private long late(int millis) {
        return (long) (millis * MILLISECOND * random.nextDouble());
    }

    private void strike(Victims victims) {
        if (over) {
            return;
        }
        SimulatedNode node = victims.nodes().get(random.nextInt(victims.nodes().size()));
        List<Runnable> strikes = new ArrayList<>(List.of(
                () -> freeze(victims.server()),
                () -> restart(victims.server()),
                () -> failOver(victims),
                () -> refuseWrites(victims.server()),
                () -> partition(holdsRequests, node),
                () -> partition(losesReplies, node),
                () -> node.clock().pause(Duration.ofMillis(random.nextInt(1_500))),
                () -> breakSource(victims.nodes()),
                () -> victims.server().receive(victims.server()::evict),
                () -> victims.server().receive(victims.server()::evict),
                () -> victims.foreigner().flush(),
                () -> victims.foreigner().overwrite(random.nextInt(victims.keys()))));
        if (plan.clockSteps()) {
            strikes.add(() -> victims.server().stepClock(clockStep()));
        }
        if (plan.switched()) {
            strikes.add(() -> switchOff(node));
        }
        strikes.get(random.nextInt(strikes.size())).run();
        strikeLater(victims);
    }

    private void freeze(SimulatedServer server) {
        server.freeze();
        time.after(late(plan.clockSteps() ? 50 : 3_000), server::thaw);
    }

    private void restart(SimulatedServer server) {
        server.freeze();
        time.after(late(500), () -> {
            server.restart();
            server.thaw();
        });
    }

    private void failOver(Victims victims) {
        // A replica's clock is not quite its primary's.
        long step = (long) ((random.nextDouble() - 0.5) * (plan.clockSteps() ? 20_000 : 0));
        victims.server().freeze();
        time.after(late(500), () -> {
            long lostSince = victims.server().failOver(step);
            victims.lostWritesSince().accept(lostSince);
            victims.server().thaw();
        });
    }

    private void refuseWrites(SimulatedServer server) {
        server.refuseWrites(true);
        time.after(late(1_000), () -> server.refuseWrites(false));
    }

    private void partition(boolean[] which, SimulatedNode node) {
        which[node.number()] = true;
        time.after(late(3_000), () -> which[node.number()] = false);
    }

    private void breakSource(List<SimulatedNode> nodes) {
        nodes.forEach(node -> node.loadsFail(true));
        time.after(late(500), () -> nodes.forEach(node -> node.loadsFail(false)));
    }

    private long clockStep() {
        long hour = 3_600_000_000L;
        return (long) ((random.nextDouble() - 0.5) * (random.nextBoolean() ? hour : 1_000_000));
    }

    private void switchOff(SimulatedNode node) {
        Switches switches = node.switches();
        switch (random.nextInt(3)) {
            case 0 -> {
                switches.far(false);
                time.after(late(1_000), () -> switches.far(true));
            }
            case 1 -> {
                switches.near(false);
                time.after(late(300), () -> switches.near(true));
            }
            default -> {
                switches.readOnly(true);
                time.after(late(1_000), () -> switches.readOnly(false));
            }
        }
    }
}
