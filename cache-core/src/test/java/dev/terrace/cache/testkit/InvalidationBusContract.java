package dev.terrace.cache.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrace.cache.spi.InvalidationBus;
import dev.terrace.cache.spi.InvalidationBus.Member;
import dev.terrace.cache.spi.InvalidationBus.Notice;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What an {@link InvalidationBus} is. A test class extends it per implementation. */
public abstract class InvalidationBusContract {

    private static final Duration LIMIT = Duration.ofSeconds(20);

    private final Deque<AutoCloseable> opened = new ArrayDeque<>();

    /** The bus as one node has it; all of a test are connected. */
    protected abstract InvalidationBus newNode();

    /** Lets the contract close something after the test. */
    protected final <T extends AutoCloseable> T opened(T resource) {
        opened.push(resource);
        return resource;
    }

    @AfterEach
    final void closeAll() throws Exception {
        for (AutoCloseable resource : opened) {
            resource.close();
        }
    }

    /** A member, and what it heard. */
    public static final class Ear implements InvalidationBus.Listener {

        private final List<Notice> notices = new CopyOnWriteArrayList<>();
        private final AtomicInteger interruptions = new AtomicInteger();

        @Override
        public void heard(Notice notice) {
            notices.add(notice);
        }

        @Override
        public void interrupted() {
            interruptions.incrementAndGet();
        }

        /** What it heard, in order. */
        public List<Notice> notices() {
            return notices;
        }

        /** How often something may have been lost. */
        public int interruptions() {
            return interruptions.get();
        }
    }

    /** Joins, and waits until notices arrive. */
    protected final Member joined(InvalidationBus bus, String cache, Ear ear) {
        Member member = opened(bus.join(cache, ear));
        holds("it hears", () -> ear.interruptions() > 0);
        return member;
    }

    protected static Notice keys(String... keys) {
        return new Notice(List.of(keys), List.of());
    }

    protected static void told(Member member, Notice notice) {
        try {
            member.tell(notice).toCompletableFuture().get(LIMIT.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException | TimeoutException | InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    protected static void holds(String what, BooleanSupplier condition) {
        Polling.until(what, condition::getAsBoolean);
    }

    @Test
    void allOthersHearOfAChangeAndWhoMadeItDoesNot() {
        Ear a = new Ear();
        Ear b = new Ear();
        Ear c = new Ear();
        Member teller = joined(newNode(), "products", a);
        Member other = joined(newNode(), "products", b);
        joined(newNode(), "products", c);
        told(teller, keys("1", "2"));
        told(teller, new Notice(List.of(), List.of("red", "*")));
        holds("all is heard", () -> b.notices().size() == 2 && c.notices().size() == 2);
        assertThat(b.notices()).containsExactly(keys("1", "2"), new Notice(List.of(), List.of("red", "*")));
        assertThat(c.notices()).isEqualTo(b.notices());
        // What the other tells arrives after what was told before; the teller's own would have been there by then.
        told(other, keys("3"));
        holds("the other is heard", () -> !a.notices().isEmpty());
        assertThat(a.notices()).containsExactly(keys("3"));
    }

    @Test
    void cachesOfOneNodeHearEachOther() {
        InvalidationBus bus = newNode();
        Ear b = new Ear();
        Member teller = joined(bus, "products", new Ear());
        joined(bus, "products", b);
        told(teller, keys("1"));
        holds("it is heard", () -> !b.notices().isEmpty());
        assertThat(b.notices()).containsExactly(keys("1"));
    }

    @Test
    void cachesOfOtherNamesHearNothing() {
        InvalidationBus bus = newNode();
        Ear products = new Ear();
        Ear orders = new Ear();
        Member teller = joined(newNode(), "products", new Ear());
        Member orderTeller = joined(newNode(), "orders", new Ear());
        joined(bus, "products", products);
        joined(bus, "orders", orders);
        told(teller, keys("1"));
        told(orderTeller, keys("2"));
        holds(
                "both are heard",
                () -> !products.notices().isEmpty() && !orders.notices().isEmpty());
        assertThat(products.notices()).containsExactly(keys("1"));
        assertThat(orders.notices()).containsExactly(keys("2"));
    }

    @Test
    void whoLeftHearsAndTellsNothing() {
        Ear a = new Ear();
        Ear b = new Ear();
        Ear c = new Ear();
        Member teller = joined(newNode(), "products", a);
        InvalidationBus bus = newNode();
        Member leaver = joined(bus, "products", b);
        joined(bus, "products", c);
        leaver.close();
        leaver.close();
        told(teller, keys("1"));
        holds("who stayed hears it", () -> !c.notices().isEmpty());
        assertThat(b.notices()).isEmpty();
        assertThat(leaver.tell(keys("2")).toCompletableFuture()).isCompletedExceptionally();
        told(teller, keys("3"));
        holds("who stayed hears it", () -> c.notices().size() == 2);
        assertThat(c.notices()).containsExactly(keys("1"), keys("3"));
        // Who comes back hears again.
        Ear again = new Ear();
        joined(bus, "products", again);
        told(teller, keys("4"));
        holds("it is heard", () -> !again.notices().isEmpty());
    }

    @Test
    void namesOfAllKindsArriveAsTheyAre() {
        Ear b = new Ear();
        Member teller = joined(newNode(), "a.b_c-D9", new Ear());
        joined(newNode(), "a.b_c-D9", b);
        Notice large = new Notice(
                IntStream.range(0, Notice.MOST_NAMES)
                        .mapToObj(i -> "k".repeat(190) + i)
                        .toList(),
                List.of("", " ", "größe", "\uD83D\uDE00", "a\r\nb\u0000", "t".repeat(70_000)));
        told(teller, large);
        holds("it is heard", () -> !b.notices().isEmpty());
        assertThat(b.notices()).containsExactly(large);
    }

    @Test
    void whatOneTellsAfterTheOtherIsHeardInThatOrder() {
        Ear b = new Ear();
        Member teller = joined(newNode(), "products", new Ear());
        joined(newNode(), "products", b);
        List<Notice> all =
                IntStream.range(0, 1_000).mapToObj(i -> keys("k" + i)).toList();
        all.forEach(teller::tell);
        holds("all are heard", () -> b.notices().size() == all.size());
        assertThat(b.notices()).isEqualTo(all);
    }
}
