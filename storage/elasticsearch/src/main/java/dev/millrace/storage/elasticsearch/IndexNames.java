package dev.millrace.storage.elasticsearch;

import dev.millrace.model.Tenant;
import dev.millrace.storage.elasticsearch.ElasticsearchConfig.Indices;
import dev.millrace.storage.elasticsearch.ElasticsearchConfig.Rotation;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.time.temporal.ChronoField;
import java.time.temporal.ChronoUnit;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Pattern;

/// What the indices of one tenant are called: Jaeger's names, behind a prefix for each tenant other
/// than the default one.
///
/// The prefix is the tenant's name where an index may be called so; what else is in it is written
/// as `=` and two hexadecimal digits, so that no two tenants share one.
final class IndexNames {

    /// As many digits as rollovers give it; more when those do not suffice, but no more than count.
    private static final Pattern NUMBER = Pattern.compile("\\d{6,18}");

    private final Indices config;
    private final String prefix;
    private final boolean ofDefaultTenant;

    /// The stretch of time that an index of the daily layout is for.
    record Window(Instant start, Instant end) {}

    private IndexNames(Indices config, String prefix, boolean ofDefaultTenant) {
        this.config = config;
        this.prefix = prefix;
        this.ofDefaultTenant = ofDefaultTenant;
    }

    static IndexNames of(Indices config, Tenant tenant) {
        boolean ofDefaultTenant = tenant.equals(Tenant.DEFAULT);
        String prefix = base(config) + (ofDefaultTenant ? "" : encoded(tenant.name()) + "-");
        return new IndexNames(config, prefix, ofDefaultTenant);
    }

    private static String base(Indices config) {
        return config.prefix().isEmpty() ? "" : config.prefix() + "-";
    }

    private static String encoded(String tenant) {
        var text = new StringBuilder();
        for (byte letter : tenant.getBytes(StandardCharsets.US_ASCII)) {
            boolean plain =
                    (letter >= 'a' && letter <= 'z')
                            || (letter >= '0' && letter <= '9')
                            || (!text.isEmpty()
                                    && (letter == '-' || letter == '_' || letter == '.'));
            if (plain) {
                text.append((char) letter);
            } else {
                text.append(String.format(Locale.ROOT, "=%02x", letter));
            }
        }
        return text.toString();
    }

    /// What all names of the tenant begin with.
    String prefix() {
        return prefix;
    }

    boolean ofDefaultTenant() {
        return ofDefaultTenant;
    }

    /// What all names of a kind begin with, and what its template is called.
    String stem(IndexKind kind) {
        return prefix + "jaeger-" + kind.word();
    }

    /// All names of a kind, and perhaps some of other tenants.
    String pattern(IndexKind kind) {
        return stem(kind) + "-*";
    }

    /// All names of a kind of all tenants, and perhaps some of others than us.
    static String patternOfAll(Indices config, IndexKind kind) {
        return base(config) + "*jaeger-" + kind.word() + "-*";
    }

    String readAlias(IndexKind kind) {
        return readAlias(stem(kind));
    }

    String writeAlias(IndexKind kind) {
        return writeAlias(stem(kind));
    }

    String firstRollover(IndexKind kind) {
        return rollover(stem(kind), 1);
    }

    /// Where a document of that time is written to.
    String forWriting(IndexKind kind, Instant time) {
        return switch (config.layout()) {
            case ROLLOVER -> writeAlias(kind);
            case DAILY ->
                    stem(kind) + "-" + format(rotation(kind)).format(time.atOffset(ZoneOffset.UTC));
        };
    }

    private Rotation rotation(IndexKind kind) {
        return switch (kind) {
            case SPAN -> config.spanRotation();
            case SERVICE -> config.serviceRotation();
            case DEPENDENCIES -> Rotation.DAY;
        };
    }

    /// The time that an index is for; empty for names that are not of this tenant and kind.
    Optional<Window> window(IndexKind kind, String name) {
        String begin = stem(kind) + "-";
        return name.startsWith(begin) ? window(name.substring(begin.length())) : Optional.empty();
    }

    // Of either rotation, for it may have been changed.
    private Optional<Window> window(String date) {
        for (var rotation : Rotation.values()) {
            try {
                var start = LocalDateTime.parse(date, format(rotation)).toInstant(ZoneOffset.UTC);
                var length =
                        switch (rotation) {
                            case DAY -> ChronoUnit.DAYS;
                            case HOUR -> ChronoUnit.HOURS;
                        };
                return Optional.of(new Window(start, start.plus(1, length)));
            } catch (DateTimeException _) {
                // Not of this rotation.
            }
        }
        return Optional.empty();
    }

    /// The time that an index of whatever tenant is for; empty for names that none of them has.
    static Optional<Window> windowOfAny(Indices config, IndexKind kind, String name) {
        return stemOfAny(config, kind, name)
                .flatMap(stem ->
                        of(config, Tenant.DEFAULT).window(name.substring(stem.length() + 1)));
    }

    /// What all names of its kind begin with of the tenant, whichever it is, that has this one;
    /// empty for names that none of them has.
    static Optional<String> stemOfAny(Indices config, IndexKind kind, String name) {
        String word = "jaeger-" + kind.word();
        int at = name.lastIndexOf(word + "-");
        return name.startsWith(base(config)) && at >= base(config).length()
                ? Optional.of(name.substring(0, at + word.length()))
                : Optional.empty();
    }

    /// The number of an index behind aliases, of whatever tenant; empty for others.
    static OptionalLong numberOfAny(Indices config, IndexKind kind, String name) {
        var number =
                stemOfAny(config, kind, name)
                        .map(stem -> name.substring(stem.length() + 1))
                        .filter(end -> NUMBER.matcher(end).matches());
        return number.isPresent()
                ? OptionalLong.of(Long.parseLong(number.get()))
                : OptionalLong.empty();
    }

    /// The index of a number behind aliases.
    static String rollover(String stem, long number) {
        return stem + "-" + String.format(Locale.ROOT, "%06d", number);
    }

    static String readAlias(String stem) {
        return stem + "-read";
    }

    static String writeAlias(String stem) {
        return stem + "-write";
    }

    private DateTimeFormatter format(Rotation rotation) {
        String separator = config.dateSeparator();
        var date =
                new DateTimeFormatterBuilder()
                        .appendValue(ChronoField.YEAR, 4)
                        .appendLiteral(separator)
                        .appendValue(ChronoField.MONTH_OF_YEAR, 2)
                        .appendLiteral(separator)
                        .appendValue(ChronoField.DAY_OF_MONTH, 2);
        return switch (rotation) {
            case DAY -> date.parseDefaulting(ChronoField.HOUR_OF_DAY, 0).toFormatter(Locale.ROOT);
            case HOUR ->
                    date.appendLiteral(separator)
                            .appendValue(ChronoField.HOUR_OF_DAY, 2)
                            .parseDefaulting(ChronoField.MINUTE_OF_HOUR, 0)
                            .toFormatter(Locale.ROOT);
        };
    }
}
