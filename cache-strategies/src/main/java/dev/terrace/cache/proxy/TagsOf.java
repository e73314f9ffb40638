package dev.terrace.cache.proxy;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The tags of a call: texts in which parameters have places. */
final class TagsOf {

    private static final Pattern PLACE = Pattern.compile("\\{([^{}]*)}");

    private final List<List<Piece>> templates;

    private TagsOf(List<List<Piece>> templates) {
        this.templates = templates;
    }

    /** A text, or the place of an argument. */
    private record Piece(String text, @Nullable KeyOf argument) {}

    /** @throws Mistake if a place names nothing */
    static TagsOf of(RepositoryMethod method, String[] tags) {
        List<List<Piece>> templates = new ArrayList<>();
        for (String tag : tags) {
            RepositoryMethod.require(!tag.isBlank(), "has an empty tag");
            List<Piece> pieces = new ArrayList<>();
            Matcher place = PLACE.matcher(tag);
            int end = 0;
            while (place.find()) {
                pieces.add(new Piece(tag.substring(end, place.start()), null));
                pieces.add(new Piece("", argument(method, place.group(1))));
                end = place.end();
            }
            pieces.add(new Piece(tag.substring(end), null));
            templates.add(pieces);
        }
        return new TagsOf(templates);
    }

    private static KeyOf argument(RepositoryMethod method, String place) {
        int dot = place.indexOf('.');
        int index = method.parameter(dot < 0 ? place : place.substring(0, dot));
        String path = dot < 0 ? "" : place.substring(dot + 1);
        return new KeyOf.Marked(index, path, method.parameterType(index)).key();
    }

    boolean isEmpty() {
        return templates.isEmpty();
    }

    /** Whether every call has the same tags. */
    boolean areConstant() {
        return templates.stream().flatMap(List::stream).allMatch(piece -> piece.argument == null);
    }

    String[] tags(@Nullable Object[] arguments) {
        String[] tags = new String[templates.size()];
        for (int i = 0; i < tags.length; i++) {
            StringBuilder tag = new StringBuilder();
            for (Piece piece : templates.get(i)) {
                tag.append(piece.argument == null ? piece.text : piece.argument.key(arguments));
            }
            tags[i] = tag.toString();
        }
        return tags;
    }
}
