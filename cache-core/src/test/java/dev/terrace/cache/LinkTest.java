package dev.terrace.cache;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrace.cache.CacheListener.LinkState;
import dev.terrace.cache.Validity.Verdict;
import dev.terrace.cache.spi.ChangeFeed;
import dev.terrace.cache.spi.FarStore.MarkerReading;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class LinkTest {

    private static final Duration STALENESS = Duration.ofSeconds(1);
    private static final Duration A_WHILE = Duration.ofMinutes(1);
    private static final FarKey KEY = new FarKey("key", null);
    private static final String TAG = "tag";

    private int markersRefreshed;
    private boolean cutOff;
    private final ManualTime time = new ManualTime();
    private final Feed feed = new Feed();
    private final List<LinkState> states = new ArrayList<>();
    private final Link link = new Link(feed, time, new Link.Bounds(STALENESS.toNanos(), 1 << 10), states::add);
    private final Markers markers = new Markers(false, 100, STALENESS.toNanos());
    private final Validity validity = new Validity(markers, () -> cutOff, A_WHILE.toNanos(), true);

    @BeforeEach
    void start() {
        link.start(() -> {
            markersRefreshed++;
            absorb(MarkerReading.ALL, 0);
        });
        feed.armed();
    }

    @Test
    void aCopyIsTrustedWhileTheSourceAnswers() {
        Entry<String> copy = read();

        for (int i = 0; i < 100; i++) {
            feed.answer();
            time.advance(STALENESS.dividedBy(2));
            assertThat(judge(copy)).isEqualTo(Verdict.FRESH);
        }
    }

    @Test
    void anAnswerIsWorthTrustFromItsQuestionOn() {
        Entry<String> copy = read();
        time.advance(A_WHILE);
        long askedAt = time.nanos();
        time.advance(STALENESS.minusMillis(1));
        feed.told.confirmed(0, askedAt);

        assertThat(judge(copy)).isEqualTo(Verdict.FRESH);
        time.advance(Duration.ofMillis(1));
        assertThat(judge(copy)).isEqualTo(Verdict.UNTRUSTED);
    }

    @Test
    void aSourceThatFallsSilentIsTrustedToTheHorizon() {
        time.advance(A_WHILE);
        feed.answer();
        Entry<String> copy = read();
        time.advance(STALENESS.minusMillis(1));
        feed.told.lost(0);

        assertThat(judge(copy)).isEqualTo(Verdict.FRESH);
        time.advance(Duration.ofMillis(1));
        assertThat(judge(copy)).isEqualTo(Verdict.UNTRUSTED);
        assertThat(states).containsExactly(LinkState.ARMED, LinkState.DOWN);
    }

    @Test
    void whatIsReadWhileNobodyTellsHasTheTrustOfOneLook() {
        feed.told.lost(0);
        Entry<String> copy = read();

        time.advance(STALENESS.minusMillis(1));
        assertThat(judge(copy)).isEqualTo(Verdict.FRESH);
        time.advance(Duration.ofMillis(1));
        assertThat(judge(copy)).isEqualTo(Verdict.UNTRUSTED);
    }

    @Test
    void andIsComparedOnceSomebodyTellsAgain() {
        feed.told.lost(0);
        Entry<String> copy = read();
        assertThat(judge(copy)).isEqualTo(Verdict.FRESH);
        feed.armed();

        assertThat(judge(copy)).isEqualTo(Verdict.UNTRUSTED);
    }

    @Test
    void whatWasReadBeforeASourceBeganAnewIsComparedAtOnce() {
        Entry<String> copy = read();
        feed.told.lost(0);
        feed.armed();

        assertThat(judge(copy)).isEqualTo(Verdict.UNTRUSTED);
        assertThat(judge(read())).isEqualTo(Verdict.FRESH);
        assertThat(link.armings()).isEqualTo(2);
    }

    @Test
    void whereEverythingMayHaveChangedTrustBeginsAnew() {
        Entry<String> copy = oldCopy();
        feed.told.changedAll(0);

        assertThat(judge(copy)).isEqualTo(Verdict.UNTRUSTED);
        assertThat(judge(read())).isEqualTo(Verdict.FRESH);
        assertThat(link.state()).isEqualTo(LinkState.ARMED);
    }

    @Test
    void aChangeEndsTrustHoweverYoungTheCopy() {
        Entry<String> copy = read();
        feed.change("key");

        assertThat(judge(copy)).isEqualTo(Verdict.UNTRUSTED);
        assertThat(judge(read())).isEqualTo(Verdict.FRESH);
    }

    @Test
    void aChangeOfAnotherKeyDoesNot() {
        Entry<String> copy = oldCopy();
        feed.change("another key");

        assertThat(judge(copy)).isEqualTo(Verdict.FRESH);
    }

    @Test
    void aChangeToldWhileTheReadIsUnderWayCounts() {
        Watch before = link.watch(KEY.text());
        feed.change("key");

        assertThat(judge(copy(before))).isEqualTo(Verdict.UNTRUSTED);
    }

    @Test
    void anOwnWritesEchoIsComparedAndNotReadAnew() {
        link.expectEchoes(List.of("key"));
        Entry<String> copy = read();
        link.written("key");
        feed.change("key");

        assertThat(judge(copy)).isEqualTo(Verdict.UNTRUSTED);
        assertThat(copy.watch.isChanged()).isFalse();
        feed.change("key");
        assertThat(judge(copy)).isEqualTo(Verdict.UNTRUSTED);
    }

    @Test
    void anEchoIsExpectedUntilTheSourceHasToldEverythingOfItsTime() {
        link.expectEchoes(List.of("key"));
        link.written("key");
        time.advance(Duration.ofMillis(1));
        feed.answer();
        Entry<String> copy = read();
        feed.change("key");

        assertThat(copy.watch.isChanged()).isTrue();
    }

    @Test
    void whatIsCertainlyThisNodesOwnWriteNeedNotBeCompared() {
        link.expectEchoes(List.of("key"));
        Entry<String> copy = read();
        link.written("key");
        feed.told.changedHere(0, "key");

        assertThat(judge(copy)).isEqualTo(Verdict.FRESH);
        feed.change("key");
        assertThat(judge(copy)).isEqualTo(Verdict.UNTRUSTED);
    }

    @Test
    void andIsTakenForAnothersWhereItsOutcomeIsNotKnown() {
        link.expectEchoes(List.of("key"));
        Entry<String> copy = read();
        link.notWritten("key");
        feed.told.changedHere(0, "key");

        assertThat(judge(copy)).isEqualTo(Verdict.UNTRUSTED);
    }

    @Test
    void anotherNodesWriteBesideAnOwnOneEndsTrustInWhatBothHaveChanged() {
        link.expectEchoes(List.of("key"));
        Entry<String> copy = read();
        feed.change("key");
        feed.told.changedHere(0, "key");
        link.written("key");

        assertThat(judge(copy)).isEqualTo(Verdict.UNTRUSTED);
    }

    @Test
    void aWriteThatWasOvertakenTakesTheNoticeOfTheOtherForWhatItIs() {
        Entry<String> copy = read();
        link.expectEchoes(List.of("key"));
        link.overtaken("key");

        assertThat(judge(copy)).isEqualTo(Verdict.UNTRUSTED);
        assertThat(copy.watch.isChanged()).isTrue();
    }

    @Test
    void aTaggedCopyIsComparedOnceItsMarkerHasChanged() {
        absorb(TAG, 0);
        Entry<String> copy = copy(link.watch(KEY.text()), List.of(TAG));
        feed.told.markerChanged(0, TAG);

        assertThat(judge(copy)).isEqualTo(Verdict.UNTRUSTED);
        assertThat(markers.toBeAsked(time.nanos(), List.of(TAG))).containsExactly(TAG);
        absorb(TAG, 0);
        assertThat(judge(copy)).isEqualTo(Verdict.FRESH);
        absorb(TAG, 7);
        assertThat(judge(copy)).isEqualTo(Verdict.GONE);
    }

    @Test
    void aMarkerThatIsToldIsNotAskedFor() {
        absorb(TAG, 0);
        Entry<String> copy = copy(link.watch(KEY.text()), List.of(TAG));
        time.advance(A_WHILE);
        feed.answer();

        assertThat(markers.toBeAsked(time.nanos(), List.of(TAG))).isEmpty();
        assertThat(judge(copy)).isEqualTo(Verdict.FRESH);
    }

    @Test
    void aMarkersAnswerFromBeforeItsChangeIsNoAnswer() {
        Markers.Question question = question(TAG);
        feed.told.markerChanged(0, TAG);
        markers.absorb(question, new MarkerReading(Map.of(TAG, 0L), 0));

        assertThat(markers.toBeAsked(time.nanos(), List.of(TAG))).containsExactly(TAG);
    }

    @Test
    void theMarkerOfTheWholeCacheIsAskedForAtOnce() {
        assertThat(markersRefreshed).isEqualTo(1);
        Entry<String> copy = oldCopy();
        feed.told.markerChanged(0, MarkerReading.ALL);

        assertThat(markersRefreshed).isEqualTo(2);
        assertThat(judge(copy)).isEqualTo(Verdict.FRESH);
        absorb(MarkerReading.ALL, 7);
        assertThat(judge(copy)).isEqualTo(Verdict.GONE);
    }

    @Test
    void beingCutOffCountsFromTheHorizon() {
        Entry<String> copy = oldCopy();
        feed.told.lost(0);
        time.advance(STALENESS);
        assertThat(judge(copy)).isEqualTo(Verdict.UNTRUSTED);
        cutOff = true;
        assertThat(judge(copy)).isEqualTo(Verdict.FRESH);
        assertThat(validity.isServedCutOff(copy, time.nanos())).isTrue();

        time.advance(A_WHILE.minusMillis(1));
        assertThat(judge(copy)).isEqualTo(Verdict.FRESH);
        time.advance(Duration.ofMillis(1));
        assertThat(judge(copy)).isEqualTo(Verdict.UNTRUSTED);
    }

    @Test
    void beingCutOffDoesNotBringBackWhatSomebodyChanged() {
        Entry<String> copy = oldCopy();
        feed.change("key");
        cutOff = true;

        assertThat(judge(copy)).isEqualTo(Verdict.UNTRUSTED);
    }

    @Test
    void whoWaitsForAChangeIsWokenByItOrByTheLossOfTheSource() {
        CompletableFuture<Void> change = link.nextChange(KEY);
        feed.change("another key");
        assertThat(change).isNotDone();
        feed.change("key");
        assertThat(change).isDone();

        CompletableFuture<Void> another = link.nextChange(KEY);
        feed.told.lost(0);
        assertThat(another).isDone();
    }

    @Test
    void trustIsAsOldAsTheLastAnsweredQuestion() {
        assertThat(link.trustAge()).isZero();
        time.advance(Duration.ofMillis(300));
        assertThat(link.trustAge()).isEqualTo(Duration.ofMillis(300).toNanos());
        feed.answer();
        assertThat(link.trustAge()).isZero();
    }

    @Test
    void eachSourceHasATermOfItsOwn() {
        feed.told.armed(1, time.nanos());
        Entry<String> here = read();
        Entry<String> there = copy(link.watch("elsewhere"));
        time.advance(A_WHILE);
        feed.answer();
        feed.told.confirmed(1, time.nanos());
        assertThat(List.of(judge(here), judge(there))).containsOnly(Verdict.FRESH);

        feed.told.lost(1);
        feed.told.armed(1, time.nanos());

        assertThat(judge(here)).isEqualTo(Verdict.FRESH);
        assertThat(judge(there)).isEqualTo(Verdict.UNTRUSTED);
    }

    @Test
    void aCopyWhoseOwnSourceIsSilentIsNotTrustedForTheAnswersOfAnother() {
        feed.told.armed(1, time.nanos());
        Entry<String> there = copy(link.watch("elsewhere"));
        for (int i = 0; i < 4; i++) {
            time.advance(STALENESS.dividedBy(2));
            feed.answer();
        }

        assertThat(judge(there)).isEqualTo(Verdict.UNTRUSTED);
    }

    private Verdict judge(Entry<String> copy) {
        return validity.judge(copy, time.nanos());
    }

    private Entry<String> read() {
        return copy(link.watch(KEY.text()));
    }

    /** One that is trusted for nothing but the link. */
    private Entry<String> oldCopy() {
        Entry<String> copy = read();
        time.advance(A_WHILE);
        feed.answer();
        assertThat(judge(copy)).isEqualTo(Verdict.FRESH);
        return copy;
    }

    private Entry<String> copy(Watch watch) {
        return copy(watch, List.of());
    }

    private Entry<String> copy(Watch watch, List<String> tags) {
        long now = time.nanos();
        return new Entry<>(
                "value",
                new Entry.Life(
                        now + Duration.ofHours(1).toNanos(),
                        now + Duration.ofHours(2).toNanos(),
                        new Trust(now + STALENESS.toNanos(), watch)),
                new Entry.Stamp(1, 1, Markers.ofFar(5)),
                Entry.Extra.of(tags, null, Long.MIN_VALUE),
                0);
    }

    private Markers.Question question(String marker) {
        return new Markers.Question(List.of(marker), List.of(link.watchMarker(marker)), time.nanos());
    }

    private void absorb(String marker, long value) {
        markers.absorb(question(marker), new MarkerReading(Map.of(marker, value), value));
    }

    /** A feed that tells what the test tells it to; keys that begin with {@code e} are told by a second source. */
    private final class Feed implements ChangeFeed {

        private Listener told;

        @Override
        public void start(Listener listener) {
            told = listener;
        }

        @Override
        public int sourceOf(String key) {
            return key.startsWith("e") ? 1 : 0;
        }

        void armed() {
            told.armed(0, time.nanos());
        }

        void answer() {
            told.confirmed(0, time.nanos());
        }

        void change(String key) {
            told.changed(0, key);
        }
    }
}
