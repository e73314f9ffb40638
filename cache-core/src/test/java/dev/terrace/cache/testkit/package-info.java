/**
 * What the tests of several modules share: contract suites, fakes, servers, house rules and scenario reports. Published
 * as the test-jar of the core, for our own modules only.
 */
@NullMarked
package dev.terrace.cache.testkit;

import org.jspecify.annotations.NullMarked;
