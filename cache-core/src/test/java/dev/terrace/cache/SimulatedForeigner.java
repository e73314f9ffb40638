package dev.terrace.cache;

import java.util.Random;
import java.util.function.Consumer;

/** Somebody who changes what the far tier's server holds without a cache, as people and other programs do. */
final class SimulatedForeigner {

    private final SimulatedTime time;
    private final SimulatedServer server;
    private final SimulationHistory history;
    private final Consumer<String> notes;

    SimulatedForeigner(SimulatedNode.World world, Consumer<String> notes) {
        this.time = world.time();
        this.server = world.server();
        this.history = world.history();
        this.notes = notes;
    }

    /** Does something at random. */
    void act(Random random, int key) {
        int kind = random.nextInt(8);
        if (kind < 4) {
            change("deletes", key, () -> server.delete(String.valueOf(key)));
        } else if (kind < 6) {
            overwrite(key);
        } else {
            flush();
        }
    }

    void overwrite(int key) {
        change("overwrites", key, () -> server.spoil(String.valueOf(key)));
    }

    /**
     * What comes or goes without a trace, where there is nothing or while it is being loaded, need not be seen, but may be: who is
     * told of it loads anew.
     */
    private void change(String how, int key, Runnable change) {
        server.receive(() -> {
            history.changedByForeigner(key, !server.hasSettledValue(String.valueOf(key)));
            change.run();
            note(how + " " + key);
        });
    }

    void flush() {
        server.receive(() -> {
            server.flush();
            history.changedByForeigner(null, false);
            note("flushes everything");
        });
    }

    private void note(String what) {
        notes.accept(String.format("%.3f ms a foreigner %s", time.nanos() / 1e6, what));
    }
}
