package dev.terrace.cache;

/**
 * Stands for the time since a read began: noted before it, kept with what it brought, and ended by the first change that the
 * {@link Link} tells after. So it does not matter which of the two is first, the change's notice or the storing of the copy.
 *
 * <p>Keys that share a cell share watches, which costs a comparison now and then.
 */
final class Watch {

    /** Nobody tells. */
    static final Watch NONE = new Watch(TrustTerm.NONE);

    /**
     * The same, of what was loaded when the marker of the whole cache was not known any more. That is a doubt about what was there
     * before, and no reason to load again.
     */
    static final Watch IN_DOUBT = new Watch(TrustTerm.NONE);

    private volatile TrustTerm term;

    Watch(TrustTerm term) {
        this.term = term;
    }

    TrustTerm term() {
        return term;
    }

    /** Until when nothing else needs to be asked. */
    long until() {
        return term.until();
    }

    boolean isChanged() {
        return term == TrustTerm.CHANGED;
    }

    /** Whether what was read under it has to be compared, however young it is. */
    boolean isOver() {
        return term.isOver();
    }

    /** Somebody changed it. */
    void changed() {
        term = TrustTerm.CHANGED;
    }

    /** This node changed it, perhaps somebody else together with it: what was read may still be what is there. */
    void echoed() {
        term = TrustTerm.ECHOED;
    }
}
