package dev.millrace.traceql;

import dev.millrace.traceql.Token.Kind;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/// Cuts a query into tokens. Names of attributes end where they may not go on, so `span.a-b` is one
/// of them and `span.a - b` is a difference.
final class Tokenizer {

    // The longest first, so that the first one that fits is the one meant.
    private static final List<String> SIGNS =
            List.of(
                    "!>>", "!<<", "&>>", "&<<", "&&", "||", "=~", "!~", "!=", ">=", "<=", ">>",
                    "<<", "!>", "!<", "&>", "&<", "&~", "=", ">", "<", "~", "!", "|", "+", "-", "*",
                    "/", "%", "^", "(", ")", "{", "}", ",");
    private static final String ENDS_A_NAME = "{}()=~!<>&|^,";
    private static final String DURATION_LETTERS = "nsuµμmhdwy";
    private static final Pattern DURATION_PART =
            Pattern.compile(
                    "(\\d{1,18}(?:\\.\\d{0,18})?|\\.\\d{1,18})(ns|us|µs|μs|ms|s|m|h|d|w|y)");
    private static final int LONGEST_NUMBER = 60;

    private final String query;
    private final List<Token> tokens = new ArrayList<>();
    private int at;

    private Tokenizer(String query) {
        this.query = query;
    }

    /// The tokens of a query, an end after the last.
    ///
    /// @throws TraceQlException for a character that begins nothing, or a literal without its end
    static List<Token> tokens(String query) {
        return new Tokenizer(query).run();
    }

    private List<Token> run() {
        while (true) {
            while (at < query.length() && Character.isWhitespace(query.charAt(at))) {
                at++;
            }
            if (at == query.length()) {
                add(Kind.END, at, "");
                return tokens;
            }
            readToken();
        }
    }

    private void readToken() {
        char c = query.charAt(at);
        if (c == '"' || c == '`') {
            int from = at;
            String text = c == '"' ? quoted() : raw();
            add(Kind.LITERAL, from, new Value.Text(text));
        } else if (isDigit(c) || (c == '.' && at + 1 < query.length() && isDigit(peek(1)))) {
            readNumber();
        } else if (c == '.') {
            readAttribute(at, AttributeScope.ANY);
        } else if (Character.isLetter(c) || c == '_') {
            readWord();
        } else {
            readSign();
        }
    }

    private void readSign() {
        for (var sign : SIGNS) {
            if (query.startsWith(sign, at)) {
                int from = at;
                at += sign.length();
                add(Kind.SIGN, from, "");
                return;
            }
        }
        throw problem(
                at,
                "found `" + Character.toString(query.codePointAt(at)) + "`, which begins nothing");
    }

    private void readWord() {
        int from = at;
        while (at < query.length() && isWordPart(query.charAt(at))) {
            at++;
        }
        String word = query.substring(from, at);
        char next = at < query.length() ? query.charAt(at) : ' ';
        if (next == '.' && word.equals("parent")) {
            throw problem(from, "attributes of a parent are not supported");
        }
        var scope = AttributeScope.of(word);
        if (next == '.' && scope.isPresent()) {
            readAttribute(from, scope.get());
        } else if (next == ':') {
            readScopedIntrinsic(from);
        } else {
            Intrinsic.of(word)
                    .ifPresentOrElse(
                            intrinsic -> add(Kind.FIELD, from, intrinsic),
                            () -> add(Kind.WORD, from, ""));
        }
    }

    private void readScopedIntrinsic(int from) {
        at++;
        while (at < query.length() && isWordPart(query.charAt(at))) {
            at++;
        }
        String name = query.substring(from, at);
        var intrinsic =
                Intrinsic.of(name)
                        .orElseThrow(() ->
                                problem(
                                        from,
                                        "found `"
                                                + name
                                                + "` (expected: one of "
                                                + Intrinsic.scopedNames()
                                                + ")"));
        add(Kind.FIELD, from, intrinsic);
    }

    private void readAttribute(int from, AttributeScope scope) {
        at++;
        var key = new StringBuilder();
        while (at < query.length() && isNamePart(query.charAt(at))) {
            if (query.charAt(at) == '"') {
                key.append(quoted());
            } else {
                key.append(query.charAt(at));
                at++;
            }
        }
        if (key.isEmpty()) {
            throw problem(
                    from,
                    "found `" + query.substring(from, at) + "` (expected: an attribute's name)");
        }
        add(Kind.FIELD, from, new Attribute(scope, key.toString()));
    }

    private void readNumber() {
        int from = at;
        while (at < query.length() && (isDigit(query.charAt(at)) || query.charAt(at) == '.')) {
            at++;
        }
        if (at < query.length() && DURATION_LETTERS.indexOf(query.charAt(at)) >= 0) {
            readDuration(from);
            return;
        }
        if (at < query.length() && (query.charAt(at) == 'e' || query.charAt(at) == 'E')) {
            at++;
            if (at < query.length() && "+-".indexOf(query.charAt(at)) >= 0) {
                at++;
            }
            while (at < query.length() && isDigit(query.charAt(at))) {
                at++;
            }
        }
        String text = query.substring(from, at);
        add(
                Kind.LITERAL,
                from,
                number(text)
                        .orElseThrow(() ->
                                problem(
                                        from,
                                        "found `"
                                                + text
                                                + "` (expected: a whole number of 64 bits or a"
                                                + " decimal one)")));
    }

    private static Optional<Value> number(String text) {
        if (text.length() > LONGEST_NUMBER) {
            return Optional.empty();
        }
        try {
            return Optional.of(
                    text.chars().allMatch(Tokenizer::isDigit)
                            ? new Value.Int(Long.parseLong(text))
                            : new Value.Real(Double.parseDouble(text)));
        } catch (NumberFormatException _) {
            return Optional.empty();
        }
    }

    private void readDuration(int from) {
        while (at < query.length()
                && (isDigit(query.charAt(at))
                        || query.charAt(at) == '.'
                        || DURATION_LETTERS.indexOf(query.charAt(at)) >= 0)) {
            at++;
        }
        String text = query.substring(from, at);
        add(
                Kind.LITERAL,
                from,
                durationNanos(text)
                        .map(Value.Duration::new)
                        .orElseThrow(() ->
                                problem(
                                        from,
                                        "found `"
                                                + text
                                                + "` (expected: a duration such as 1.5s, 20ms or"
                                                + " 1h30m)")));
    }

    private static Optional<Long> durationNanos(String text) {
        var parts = DURATION_PART.matcher(text);
        var sum = BigDecimal.ZERO;
        int end = 0;
        while (end < text.length()
                && text.length() <= LONGEST_NUMBER
                && parts.find(end)
                && parts.start() == end) {
            sum = sum.add(new BigDecimal(parts.group(1)).multiply(unitNanos(parts.group(2))));
            end = parts.end();
        }
        return end == text.length() && sum.compareTo(BigDecimal.valueOf(Long.MAX_VALUE)) <= 0
                ? Optional.of(sum.longValue())
                : Optional.empty();
    }

    private static BigDecimal unitNanos(String unit) {
        return BigDecimal.valueOf(
                switch (unit) {
                    case "ns" -> 1L;
                    case "ms" -> 1_000_000L;
                    case "s" -> 1_000_000_000L;
                    case "m" -> 60_000_000_000L;
                    case "h" -> 3_600_000_000_000L;
                    case "d" -> 86_400_000_000_000L;
                    case "w" -> 604_800_000_000_000L;
                    case "y" -> 31_536_000_000_000_000L;
                    // The three spellings of a microsecond.
                    default -> 1_000L;
                });
    }

    private String quoted() {
        int from = at;
        at++;
        var text = new StringBuilder();
        while (at < query.length()) {
            char c = query.charAt(at);
            at++;
            if (c == '"') {
                return text.toString();
            }
            text.append(c == '\\' ? escaped() : c);
        }
        throw problem(from, "text without its closing `\"`");
    }

    private char escaped() {
        char c = at < query.length() ? query.charAt(at) : ' ';
        at++;
        return switch (c) {
            case '"', '\\' -> c;
            case 'n' -> '\n';
            case 't' -> '\t';
            case 'r' -> '\r';
            default ->
                    throw problem(
                            at - 2,
                            "found `\\"
                                    + c
                                    + "` (expected: \\\", \\\\, \\n, \\r or \\t, or the text in"
                                    + " backticks)");
        };
    }

    private String raw() {
        int end = query.indexOf('`', at + 1);
        if (end < 0) {
            throw problem(at, "text without its closing backtick");
        }
        String text = query.substring(at + 1, end);
        at = end + 1;
        return text;
    }

    private char peek(int ahead) {
        return query.charAt(at + ahead);
    }

    private void add(Kind kind, int from, Object meaning) {
        tokens.add(
                new Token(
                        kind,
                        query.substring(from, at),
                        meaning,
                        from,
                        lineOf(from),
                        columnOf(from)));
    }

    private TraceQlException problem(int from, String problem) {
        return new TraceQlException(lineOf(from), columnOf(from), problem);
    }

    private int lineOf(int position) {
        return 1 + (int) query.substring(0, position).chars().filter(c -> c == '\n').count();
    }

    private int columnOf(int position) {
        return position - query.lastIndexOf('\n', position - 1);
    }

    private static boolean isDigit(int c) {
        return c >= '0' && c <= '9';
    }

    private static boolean isWordPart(char c) {
        return Character.isLetterOrDigit(c) || c == '_';
    }

    private static boolean isNamePart(char c) {
        return !Character.isWhitespace(c) && ENDS_A_NAME.indexOf(c) < 0;
    }
}
