package dev.terrace.cache;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;

/** What a cache counts; striped, so that the hot path does not contend, and summed when read. */
final class Counters {

    final LongAdder nearHits = new LongAdder();
    final LongAdder nearMisses = new LongAdder();
    final LongAdder evictions = new LongAdder();
    final LongAdder inserts = new LongAdder();
    final LongAdder refusedInserts = new LongAdder();
    final LongAdder validations = new LongAdder();
    final LongAdder cutOffServes = new LongAdder();

    final LongAdder farHits = new LongAdder();
    final LongAdder farMisses = new LongAdder();
    final LongAdder fills = new LongAdder();
    final LongAdder refusedFills = new LongAdder();
    final LongAdder leasesGranted = new LongAdder();
    final LongAdder leasesBusy = new LongAdder();
    final LongAdder puts = new LongAdder();
    final LongAdder invalidations = new LongAdder();

    final LongAdder loadSuccesses = new LongAdder();
    final LongAdder loadFailures = new LongAdder();
    final LongAdder loadNanos = new LongAdder();
    final LongAdder coalesced = new LongAdder();
    final LongAdder staleServes = new LongAdder();
    final AtomicInteger loadsRunning = new AtomicInteger();
}
