package dev.terrace.cache;

/**
 * Why a copy may be served without asking: it was asked for not long ago, or somebody would have told of a change.
 *
 * @param until until when the first is so, in the ticker's nanoseconds; {@link Long#MAX_VALUE} where there is nobody to ask
 * @param watch since before it was read
 */
record Trust(long until, Watch watch) {

    static Trust until(long until) {
        return new Trust(until, Watch.NONE);
    }
}
