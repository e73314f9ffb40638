package dev.terrace.cache;

import java.util.List;

/**
 * Answers of the far tier.
 *
 * @param looks the look that each answer came from
 */
record Asked<T>(List<T> answers, List<Look> looks) {}
