package dev.terrace.cache;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

final class VirtualThreadsTest {

    @Test
    void aVirtualThreadIsToldFromAnother() throws Exception {
        assertThat(VirtualThreads.isHere()).isFalse();
        ThreadFactory virtual = VirtualThreads.factory("test-");
        if (virtual != null) {
            CompletableFuture<Boolean> there = new CompletableFuture<>();
            virtual.newThread(() -> there.complete(VirtualThreads.isHere())).start();
            assertThat(there.get(30, TimeUnit.SECONDS)).isTrue();
        }
    }
}
