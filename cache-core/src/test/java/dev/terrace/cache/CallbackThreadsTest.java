package dev.terrace.cache;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class CallbackThreadsTest {

    private final List<FailureKind> reported = new ArrayList<>();
    private final CountDownLatch release = new CountDownLatch(1);
    private final LoadThreads platform = LoadThreads.platform("test-callback-");

    @AfterEach
    void end() {
        release.countDown();
        platform.close();
    }

    private CallbackThreads threads(LoadThreads threads, int most) {
        return new CallbackThreads("test", threads, most, (kind, failure) -> reported.add(kind));
    }

    private void block() {
        try {
            assertThat(release.await(20, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private static Thread ranOn(CallbackThreads threads) {
        CompletableFuture<Thread> ran = new CompletableFuture<>();
        threads.execute(() -> ran.complete(Thread.currentThread()));
        return ran.orTimeout(20, TimeUnit.SECONDS).join();
    }

    @Test
    void aCallbackThatBlocksHoldsUpNoOther() {
        CallbackThreads threads = threads(platform, 2);
        threads.execute(this::block);

        assertThat(ranOn(threads).getName()).startsWith("test-callback-");
    }

    @Test
    void callbacksOverTheBoundWaitForTheirTurnAndAreNotRefused() {
        CallbackThreads threads = threads(platform, 2);
        threads.execute(this::block);
        threads.execute(this::block);
        List<CompletableFuture<Void>> waiting = new ArrayList<>();
        for (int i = 0; i < 1_000; i++) {
            CompletableFuture<Void> ran = new CompletableFuture<>();
            threads.execute(() -> ran.complete(null));
            waiting.add(ran);
        }
        assertThat(waiting).noneMatch(CompletableFuture::isDone);

        release.countDown();

        waiting.forEach(ran -> ran.orTimeout(20, TimeUnit.SECONDS).join());
    }

    @Test
    void oneThatThrowsHoldsUpNoOther() {
        try (LogCapture log = new LogCapture()) {
            CallbackThreads threads = threads(platform, 1);
            threads.execute(() -> {
                throw new IllegalStateException("thrown");
            });
            ranOn(threads);
            assertThat(log.lines()).containsExactly("ERROR cache test: a callback failed");
        }
    }

    @Test
    void theyAreRunAlsoAfterTheClose() {
        CallbackThreads threads = threads(platform, 1);
        ranOn(threads);
        threads.close();

        assertThat(ranOn(threads)).isNotSameAs(Thread.currentThread());
    }

    @Test
    void whereThereIsNoThreadTheyRunWhereTheyAreAndThatIsReported() {
        CallbackThreads threads = threads(
                new LoadThreads.Given(task -> {
                    throw new OutOfMemoryError("unable to create native thread");
                }),
                4);

        assertThat(ranOn(threads)).isSameAs(Thread.currentThread());
        assertThat(ranOn(threads)).isSameAs(Thread.currentThread());
        assertThat(reported).containsExactly(FailureKind.LOAD_REJECTED, FailureKind.LOAD_REJECTED);
    }

    @Test
    void oursAreNamedAfterTheCache() {
        CallbackThreads threads = CallbackThreads.of("products", (kind, failure) -> reported.add(kind));

        assertThat(ranOn(threads).getName()).startsWith("terrace-callback-products-");
        threads.close();
    }
}
