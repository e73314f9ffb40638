package dev.terrace.cache;

import org.jspecify.annotations.Nullable;

/** Runs one load in the context of the caller that started its flight. */
final class HookedRunner implements LoadRunner {

    private final LoadRunner runner;
    private final Runnable inContext;
    private volatile @Nullable Runnable task;

    private HookedRunner(LoadRunner runner, ContextHook hook) {
        this.runner = runner;
        this.inContext = hook.wrap(this::runTask);
    }

    /** Takes the context of this thread; the runner itself where there is no hook. */
    static LoadRunner here(@Nullable ContextHook hook, LoadRunner runner) {
        return hook == null ? runner : new HookedRunner(runner, hook);
    }

    @Override
    public RunningLoad start(Runnable load) {
        task = load;
        return runner.start(inContext);
    }

    @Override
    public void step(Runnable step) {
        runner.step(step);
    }

    @Override
    public boolean isCallers() {
        return runner.isCallers();
    }

    private void runTask() {
        Runnable load = task;
        if (load != null) {
            load.run();
        }
    }
}
