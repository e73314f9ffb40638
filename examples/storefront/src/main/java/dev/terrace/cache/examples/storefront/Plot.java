package dev.terrace.cache.examples.storefront;

import java.util.List;
import java.util.Locale;

/** A plot as SVG, whose colours are classes of the page's style sheet. */
final class Plot {

    private static final int WIDTH = 860;
    private static final int HEIGHT = 300;
    private static final int LEFT = 74;
    private static final int RIGHT = 36;
    private static final int TOP = 14;
    private static final int BOTTOM = 48;

    private final StringBuilder svg = new StringBuilder();
    private final Axis x;
    private final Axis y;

    Plot(String title, Axis x, Axis y) {
        this.x = x;
        this.y = y;
        add("<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">", WIDTH, HEIGHT, title);
        for (Axis.Tick tick : y.ticks()) {
            double at = down(tick.at());
            add("<line class=\"grid\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>", LEFT, WIDTH - RIGHT, at, at);
            add("<text class=\"tick end\" x=\"%d\" y=\"%.1f\">%s</text>", LEFT - 8, at + 4, tick.text());
        }
        for (Axis.Tick tick : x.ticks()) {
            double at = across(tick.at());
            add("<line class=\"grid\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\"/>", at, at, TOP, HEIGHT - BOTTOM);
            add("<text class=\"tick mid\" x=\"%.1f\" y=\"%d\">%s</text>", at, HEIGHT - BOTTOM + 18, tick.text());
        }
        add("<text class=\"axis mid\" x=\"%d\" y=\"%d\">%s</text>", (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, x.label());
        add(
                "<text class=\"axis mid\" transform=\"translate(14 %d) rotate(-90)\">%s</text>",
                (TOP + HEIGHT - BOTTOM) / 2, y.label());
    }

    /** A point of a curve. */
    record Point(double x, double y) {}

    /** Marks a part of the horizontal axis. */
    Plot band(double from, double to, String text) {
        double left = across(from);
        add(
                "<rect class=\"band\" x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\"/>",
                left, TOP, across(to) - left, HEIGHT - BOTTOM - TOP);
        add("<text class=\"axis mid\" x=\"%.1f\" y=\"%d\">%s</text>", (left + across(to)) / 2, TOP + 16, text);
        return this;
    }

    /** Draws a curve. */
    Plot line(String style, List<Point> points) {
        add("<path class=\"line %s\" d=\"%s\"/>", style, path(points));
        return this;
    }

    /** Fills the space between two curves. */
    Plot area(String style, List<Point> lower, List<Point> upper) {
        StringBuilder outline = new StringBuilder(path(upper));
        for (int i = lower.size() - 1; i >= 0; i--) {
            outline.append(String.format(
                    Locale.ROOT,
                    "L%.1f %.1f",
                    across(lower.get(i).x()),
                    down(lower.get(i).y())));
        }
        add("<path class=\"area %s\" d=\"%sZ\"/>", style, outline);
        return this;
    }

    private String path(List<Point> points) {
        StringBuilder path = new StringBuilder();
        for (Point point : points) {
            path.append(String.format(
                    Locale.ROOT, "%s%.1f %.1f", path.isEmpty() ? "M" : "L", across(point.x()), down(point.y())));
        }
        return path.toString();
    }

    String svg() {
        return svg + "</svg>\n";
    }

    private double across(double value) {
        return LEFT + x.position(value) * (WIDTH - RIGHT - LEFT);
    }

    private double down(double value) {
        return HEIGHT - BOTTOM - y.position(value) * (HEIGHT - BOTTOM - TOP);
    }

    private void add(String format, Object... arguments) {
        svg.append(String.format(Locale.ROOT, format, arguments)).append('\n');
    }
}
