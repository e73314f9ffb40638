package dev.terrace.cache.examples.strategies;

import dev.terrace.cache.Cache;
import dev.terrace.cache.EarlyRefresh;
import dev.terrace.cache.Near;
import dev.terrace.cache.strategy.BatchWriter;
import dev.terrace.cache.strategy.CacheAside;
import dev.terrace.cache.strategy.ReadThrough;
import dev.terrace.cache.strategy.RefreshAhead;
import dev.terrace.cache.strategy.StampedeProtection;
import dev.terrace.cache.strategy.WriteAround;
import dev.terrace.cache.strategy.WriteBehind;
import dev.terrace.cache.strategy.WriteThrough;
import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;

/** Runs each strategy once: a read, a write, and a write while the store is down. */
public final class Strategies {

    private final Timeline timeline;

    private Strategies(Timeline timeline) {
        this.timeline = timeline;
    }

    /** Runs all of them. */
    @SuppressWarnings("SystemOut")
    public static void main(String[] arguments) throws Exception {
        run(System.out);
    }

    static void run(PrintStream out) throws Exception {
        Strategies strategies = new Strategies(new Timeline(out));
        strategies.cacheAside();
        strategies.readThrough();
        strategies.writeThrough();
        strategies.writeAround();
        strategies.writeBehind();
        strategies.refreshAhead();
        strategies.stampedeProtection();
    }

    private static Cache<String, String> cache(Duration fresh) {
        return Cache.<String, String>builder("orders")
                .near(Near.maximumSize(1_000))
                .freshFor(fresh)
                .build();
    }

    private void cacheAside() throws Exception {
        timeline.begin("CacheAside");
        try (Orders orders = new Orders(timeline, "aside");
                Cache<String, String> cache = cache(Duration.ofMinutes(5))) {
            CacheAside<String, String> aside = CacheAside.around(cache);
            orders.put("7", "open");
            saw("get", aside.get("7", orders::load));
            saw("get", aside.get("7", orders::load));
            aside.change("7", () -> {
                orders.put("7", "paid");
                return "done";
            });
            holds(cache);
            saw("get", aside.get("7", orders::load));
            orders.failing(true);
            attempt(
                    "change to sent",
                    () -> aside.change("7", () -> {
                        orders.put("7", "sent");
                        return "done";
                    }));
            holds(cache);
        }
    }

    private void readThrough() throws Exception {
        timeline.begin("ReadThrough");
        try (Orders orders = new Orders(timeline, "read");
                Cache<String, String> cache = ReadThrough.around(cache(Duration.ofMinutes(5)), orders::load)) {
            orders.put("7", "open");
            saw("get", cache.get("7"));
            saw("get", cache.get("7"));
            orders.failing(true);
            saw("get", cache.get("7"));
            attempt("get of another", () -> cache.get("8"));
        }
    }

    private void writeThrough() throws Exception {
        timeline.begin("WriteThrough");
        try (Orders orders = new Orders(timeline, "through");
                WriteThrough<String, String> cache = WriteThrough.around(cache(Duration.ofMinutes(5)), orders)) {
            cache.put("7", "open");
            holds(cache);
            orders.failing(true);
            attempt("put paid", () -> {
                cache.put("7", "paid");
                return "done";
            });
            holds(cache);
        }
    }

    private void writeAround() throws Exception {
        timeline.begin("WriteAround");
        try (Orders orders = new Orders(timeline, "around");
                WriteAround<String, String> cache = WriteAround.around(cache(Duration.ofMinutes(5)), orders)) {
            cache.put("7", "open");
            holds(cache);
            saw("get", cache.get("7", orders::load));
            holds(cache);
            orders.failing(true);
            attempt("put paid", () -> {
                cache.put("7", "paid");
                return "done";
            });
            holds(cache);
        }
    }

    private void writeBehind() throws Exception {
        timeline.begin("WriteBehind");
        try (Orders orders = new Orders(timeline, "behind");
                WriteBehind<String, String> cache = WriteBehind.around(
                                cache(Duration.ofMinutes(5)), BatchWriter.<String, String>each(orders))
                        .maxDelay(Duration.ofMillis(100))
                        .retryAfter(Duration.ofMillis(50))
                        .build()) {
            orders.failing(true);
            for (String state : List.of("open", "paid", "sent")) {
                cache.put("7", state);
                timeline.caller("put " + state + ": accepted");
            }
            saw("get", cache.get("7"));
            LockSupport.parkNanos(Duration.ofMillis(300).toNanos());
            orders.failing(false);
            timeline.caller("flush: " + (cache.flush(Duration.ofSeconds(10)) ? "all is stored" : "not all in time"));
            saw("row in the store is", orders.load("7"));
        }
    }

    private void refreshAhead() throws Exception {
        timeline.begin("RefreshAhead");
        try (Orders orders = new Orders(timeline, "ahead");
                Cache<String, String> cache =
                        RefreshAhead.around(cache(Duration.ofMillis(400)), orders::load, EarlyRefresh.threshold(0.5))) {
            orders.put("7", "open");
            saw("get", cache.get("7"));
            orders.put("7", "paid");
            LockSupport.parkNanos(Duration.ofMillis(250).toNanos());
            saw("get, and a refresh begins", cache.get("7"));
            LockSupport.parkNanos(Duration.ofMillis(100).toNanos());
            saw("get", cache.get("7"));
        }
    }

    private void stampedeProtection() throws Exception {
        timeline.begin("StampedeProtection");
        try (Orders orders = new Orders(timeline, "stampede");
                Cache<String, String> cache = StampedeProtection.around(cache(Duration.ofMinutes(5)), orders::load)) {
            orders.put("7", "open");
            List<CompletableFuture<String>> callers = new ArrayList<>();
            for (int i = 0; i < 50; i++) {
                callers.add(cache.async().get("7"));
            }
            callers.forEach(CompletableFuture::join);
            timeline.caller("50 callers have " + callers.get(49).join());
        }
    }

    private void saw(String call, Object value) {
        timeline.caller(call + ": " + value);
    }

    private void holds(Cache<String, String> cache) {
        timeline.cache("holds " + cache.getIfPresent("7"));
    }

    private void attempt(String what, Attempt call) {
        try {
            timeline.caller(what + ": " + call.run());
        } catch (Exception e) {
            Throwable cause = e.getCause() == null ? e : e.getCause();
            timeline.caller(what + ": " + cause.getMessage());
        }
    }

    @FunctionalInterface
    private interface Attempt {
        Object run() throws Exception;
    }
}
