package dev.terrace.cache.examples.patterns;

import dev.terrace.cache.codec.NumberCodec;
import dev.terrace.cache.codec.StringCodec;
import dev.terrace.cache.codec.json.JsonCodec;
import dev.terrace.cache.redis.Pipeline;
import dev.terrace.cache.redis.SharedRedis;
import dev.terrace.cache.redis.limit.Algorithm;
import dev.terrace.cache.redis.limit.Decision;
import dev.terrace.cache.redis.limit.Limit;
import dev.terrace.cache.redis.limit.RateLimiter;
import dev.terrace.cache.redis.lock.LockGrant;
import dev.terrace.cache.redis.lock.LockOptions;
import dev.terrace.cache.redis.lock.RedisLock;
import dev.terrace.cache.redis.structure.ActivityBitmap;
import dev.terrace.cache.redis.structure.EventLog;
import dev.terrace.cache.redis.structure.EventLog.Event;
import dev.terrace.cache.redis.structure.Leaderboard;
import dev.terrace.cache.redis.structure.RedisQueue;
import dev.terrace.cache.redis.structure.RedisSet;
import dev.terrace.cache.redis.structure.RedisValues;
import dev.terrace.cache.redis.structure.UniqueCounter;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.LocalDate;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.IntStream;

/** One step after the other: what is done, and what came of it. */
final class Walkthrough {

    private static final StringCodec TEXT = StringCodec.utf8();
    private static final LocalDate TODAY = LocalDate.of(2026, 3, 8);

    private final SharedRedis redis;
    private final PrintStream out;

    Walkthrough(SharedRedis redis, PrintStream out) {
        this.redis = redis;
        this.out = out;
    }

    /** What a session remembers. */
    record Session(String user, List<String> cart) {}

    void run() {
        loginQueue();
        sessionWithTimeToLive();
        leaderboard();
        commonSkills();
        dailyActiveUsers();
        uniqueVisitors();
        loginEvents();
        limiterInFrontOfAnEndpoint();
        lockAroundANightlyJob();
        manyAtOnce();
    }

    private void loginQueue() {
        title("A login queue: reliable hand-over");
        RedisQueue<String> logins = RedisQueue.on(redis, "logins", TEXT, Duration.ofSeconds(1), 1_000);
        logins.offer(List.of("ada", "grace", "linus")).await();
        say("three people queue: %d wait", logins.size().await());
        RedisQueue<String>.Taken ada =
                logins.take(Duration.ofSeconds(1)).await().orElseThrow();
        say(
                "a worker takes %s and is done with it: %s",
                ada.value(), ada.acknowledge().await());
        String grace = logins.take(Duration.ofSeconds(1)).await().orElseThrow().value();
        say("another takes %s and dies", grace);
        RedisQueue<String>.Taken linus =
                logins.take(Duration.ofSeconds(1)).await().orElseThrow();
        linus.acknowledge().await();
        RedisQueue<String>.Taken again =
                logins.take(Duration.ofSeconds(5)).await().orElseThrow();
        say(
                "after a second %s comes again; nobody is lost: %s",
                again.value(), again.acknowledge().await());
    }

    private void sessionWithTimeToLive() {
        title("A session with a time to live");
        RedisValues<Session> sessions =
                RedisValues.on(redis, "session", JsonCodec.of(Session.class), Duration.ofMinutes(30));
        sessions.set("4711", new Session("ada", List.of("book"))).await();
        Session session = sessions.getAndTouch("4711").await().orElseThrow();
        say("session 4711 is %s's with %s in the cart", session.user(), session.cart());
        say(
                "it lives for %d more minutes after each visit",
                sessions.timeToLive("4711").await().orElseThrow().plusSeconds(1).toMinutes());
        sessions.getAndDelete("4711").await();
        say("after the logout there is %s", sessions.get("4711").await());
    }

    private void leaderboard() {
        title("A leaderboard with ties");
        Leaderboard<String> board = Leaderboard.on(redis, "scores", TEXT);
        board.set("ada", 310).await();
        board.set("grace", 420).await();
        board.set("linus", 310).await();
        board.set("ken", 150).await();
        board.add("ken", 200).await();
        board.top(4).await().forEach(place -> say("%d. %s with %.0f", place.rank(), place.member(), place.score()));
        say(
                "around linus: %s",
                board.around("linus", 1).await().stream()
                        .map(Leaderboard.Place::member)
                        .toList());
    }

    private void commonSkills() {
        title("Skills in common");
        RedisSet<String> ada = RedisSet.on(redis, "{skills}:ada", TEXT);
        RedisSet<String> grace = RedisSet.on(redis, "{skills}:grace", TEXT);
        ada.add(List.of("algebra", "programs", "poetry")).await();
        grace.add(List.of("compilers", "programs", "algebra")).await();
        say("both know %s", new TreeSet<>(ada.intersection(List.of(grace)).await()));
        say("only ada knows %s", new TreeSet<>(ada.difference(List.of(grace)).await()));
    }

    private void dailyActiveUsers() {
        title("Daily active users and streaks");
        ActivityBitmap activity = ActivityBitmap.on(redis, "active", Duration.ofDays(90));
        IntStream.range(0, 5)
                .forEach(back -> activity.mark(1, TODAY.minusDays(back)).await());
        List.of(2L, 3L).forEach(id -> activity.mark(id, TODAY).await());
        say("active today: %d", activity.population(TODAY).await());
        say(
                "active today and yesterday: %d",
                activity.activeOnAll(List.of(TODAY, TODAY.minusDays(1))).await());
        say(
                "user 1 has come for %d days without a break",
                activity.streak(1, TODAY, 365).await());
    }

    private void uniqueVisitors() {
        title("Unique visitors in 12 kB");
        UniqueCounter<Long> monday = UniqueCounter.on(redis, "{visitors}:mon", NumberCodec.longs());
        UniqueCounter<Long> tuesday = UniqueCounter.on(redis, "{visitors}:tue", NumberCodec.longs());
        monday.add(IntStream.range(0, 10_000).mapToObj(Long::valueOf).toList()).await();
        tuesday.add(IntStream.range(5_000, 15_000).mapToObj(Long::valueOf).toList())
                .await();
        long both = monday.countWith(List.of(tuesday)).await();
        say("15,000 different visitors in two days, counted within 3 %%: %s", Math.abs(both - 15_000) < 450);
    }

    private void loginEvents() {
        title("Login events for several consumers");
        EventLog<String> events = EventLog.on(redis, "login-events", TEXT, 10_000);
        events.createGroup("mailers", "0").await();
        List.of("ada in", "grace in", "ada out")
                .forEach(event -> events.append(event).await());
        say(
                "the log: %s",
                events.readAfter("0", 10).await().stream().map(Event::value).toList());
        List<Event<String>> given = events.readAs("mailers", "mailer-1", 2).await();
        say("mailer-1 is given %s and dies", given.stream().map(Event::value).toList());
        List<Event<String>> rest = events.readAs("mailers", "mailer-2", 10).await();
        say("mailer-2 is given %s", rest.stream().map(Event::value).toList());
        List<Event<String>> taken =
                events.takeOver("mailers", "mailer-2", Duration.ZERO, 10).await();
        say("and takes over what was left lying: %d in all", taken.size());
        events.acknowledge("mailers", taken.stream().map(Event::id).toList()).await();
        say("pending then: %d", events.pending("mailers").await());
    }

    private void limiterInFrontOfAnEndpoint() {
        title("A limiter in front of an endpoint");
        RateLimiter limiter = RateLimiter.on(
                redis, "endpoint", Limit.of(3, Duration.ofMinutes(1)).by(Algorithm.SLIDING_LOG));
        for (int request = 1; request <= 5; request++) {
            Decision decision = limiter.tryAcquire("ada").await();
            say("request %d: %s", request, decision.allowed() ? "200, " + decision.remaining() + " left" : "429");
        }
        say("of the refusals, %d needed no round trip", limiter.localRefusals());
    }

    private void lockAroundANightlyJob() {
        title("A lock around a nightly job");
        RedisLock here =
                RedisLock.on(redis, "nightly-job", LockOptions.defaults().lease(Duration.ofSeconds(30)));
        RedisLock there =
                RedisLock.on(redis, "nightly-job", LockOptions.defaults().lease(Duration.ofSeconds(30)));
        long first;
        try (LockGrant grant = here.acquire(Duration.ofSeconds(5)).await()) {
            first = grant.fencingNumber();
            Optional<LockGrant> other = there.tryAcquire().await();
            say("this node runs the job; the other may: %s", other.isPresent());
        }
        try (LockGrant grant = there.acquire(Duration.ofSeconds(5)).await()) {
            say("after the release the other may, under a larger number: %s", grant.fencingNumber() > first);
        }
    }

    private void manyAtOnce() {
        title("Ten thousand sets in a pipeline");
        Pipeline pipeline = redis.pipeline();
        for (int i = 0; i < 10_000; i++) {
            pipeline.set("bulk:" + i, Integer.toString(i).getBytes(StandardCharsets.US_ASCII), Duration.ofMinutes(1));
        }
        pipeline.get("scores");
        List<Pipeline.Result> results = pipeline.execute().await();
        say(
                "%d were set",
                results.stream().filter(result -> result.failure() == null).count());
        say(
                "one command failed, by itself: %s",
                String.valueOf(results.get(10_000).failure()).contains("another type"));
    }

    private void title(String text) {
        out.printf("%n%s%n", text);
    }

    private void say(String format, Object... args) {
        out.printf("  " + format + "%n", args);
    }
}
