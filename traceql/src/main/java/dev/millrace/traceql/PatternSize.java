package dev.millrace.traceql;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// How large a regular expression is with all of its repetitions written out, which is how it is
/// compiled: some characters can stand for millions of steps, and deep nesting for a deep stack.
///
/// Reads what it needs of the syntax and leaves mistakes to whoever compiles it. Never too low by
/// more than a small factor.
final class PatternSize {

    /// More than anything that may be compiled.
    static final long TOO_LARGE = 1L << 40;

    private static final int MAX_DEPTH = 100;
    private static final long MANY = 1 << 20;

    // Of a class within a class, such as [:alpha:].
    private static final int LONGEST_NAME = 24;

    private static final Pattern REPETITION = Pattern.compile("\\{(\\d{1,9})(,(\\d{0,9}))?}");

    private final Deque<Long> outer = new ArrayDeque<>();
    private long sum;
    private long last;

    private PatternSize() {}

    /// The steps, or [#TOO_LARGE].
    static long of(String regex) {
        return new PatternSize().steps(regex);
    }

    private long steps(String regex) {
        int at = 0;
        while (at < regex.length()) {
            at = step(regex, at);
            if (sum >= TOO_LARGE || outer.size() > MAX_DEPTH) {
                return TOO_LARGE;
            }
        }
        return sum;
    }

    /// Takes what stands at a place and returns where the next begins.
    private int step(String regex, int at) {
        switch (regex.charAt(at)) {
            case '\\' -> {
                int end = afterEscape(regex, at);
                // As many as there are characters when it quotes.
                atom(regex.startsWith("\\Q", at) ? end - at : 1);
                return end;
            }
            case '[' -> {
                atom(1);
                return afterClass(regex, at);
            }
            case '(' -> {
                outer.push(sum);
                sum = 0;
            }
            case ')' -> {
                long group = sum + 1;
                sum = outer.isEmpty() ? 0 : outer.pop();
                atom(group);
            }
            case '{' -> {
                var repetition = REPETITION.matcher(regex).region(at, regex.length());
                if (repetition.lookingAt()) {
                    long times = Math.clamp(times(repetition), 1, MANY);
                    sum += last * (times - 1);
                    last = Math.min(TOO_LARGE / 2, last * times);
                    return repetition.end();
                }
                atom(1);
            }
            default -> atom(1);
        }
        return at + 1;
    }

    private void atom(long steps) {
        last = Math.min(TOO_LARGE / 2, steps);
        sum += last;
    }

    private static long times(Matcher repetition) {
        long least = Long.parseLong(repetition.group(1));
        var most = repetition.group(3);
        if (most == null) {
            return least;
        }
        return most.isEmpty() ? least + 1 : Math.max(least, Long.parseLong(most));
    }

    private static int afterEscape(String regex, int at) {
        if (regex.startsWith("\\Q", at)) {
            int end = regex.indexOf("\\E", at);
            return end < 0 ? regex.length() : end + 2;
        }
        int after = Math.min(regex.length(), at + 2);
        boolean braces = after < regex.length() && regex.charAt(after) == '{';
        if (braces && "pPx".indexOf(regex.charAt(at + 1)) >= 0) {
            int end = regex.indexOf('}', after);
            return end < 0 ? regex.length() : end + 1;
        }
        return after;
    }

    private static int afterClass(String regex, int at) {
        int next = at + 1;
        if (regex.startsWith("^", next)) {
            next++;
        }
        if (regex.startsWith("]", next)) {
            next++;
        }
        while (next < regex.length() && regex.charAt(next) != ']') {
            int latest = Math.min(regex.length(), next + LONGEST_NAME);
            int named = regex.startsWith("[:", next) ? regex.indexOf(":]", next + 2, latest) : -1;
            if (named >= 0) {
                next = named + 2;
            } else {
                next += regex.charAt(next) == '\\' ? 2 : 1;
            }
        }
        return Math.min(regex.length(), next + 1);
    }
}
