package dev.millrace.server.copy;

import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.Cursor;
import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Arrays;
import java.util.Optional;
import java.util.Properties;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Where a copy stands: everything before it is in the target.
///
/// @param tenant how many tenants are done
/// @param service the one whose traces are being copied; empty where they are not told apart by it
/// @param after the last trace of the last page; null at the beginning
/// @param counts of everything copied until here
record CopyState(int tenant, String service, @Nullable Cursor after, Counts counts) {

    static final CopyState BEGINNING = new CopyState(0, "", null, Counts.NONE);

    /// Traces and spans, read and written.
    record Counts(long tracesRead, long spansRead, long tracesWritten, long spansWritten) {

        static final Counts NONE = new Counts(0, 0, 0, 0);

        Counts plus(Counts more) {
            return new Counts(
                    tracesRead + more.tracesRead,
                    spansRead + more.spansRead,
                    tracesWritten + more.tracesWritten,
                    spansWritten + more.spansWritten);
        }
    }

    /// The plan that a file is about; empty when there is no file.
    ///
    /// @throws IOException when it cannot be read
    static Optional<CopyPlan> plan(Path file) throws IOException {
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        var says = load(file);
        try {
            return Optional.of(
                    new CopyPlan(
                            text(says, "from"),
                            text(says, "to"),
                            Arrays.stream(text(says, "tenants").split(" "))
                                    .map(Tenant::new)
                                    .toList(),
                            Instant.parse(text(says, "since")),
                            Instant.parse(text(says, "until")),
                            Math.toIntExact(number(says, "page-traces"))));
        } catch (IllegalArgumentException | DateTimeException | ArithmeticException e) {
            throw notAState(file, e);
        }
    }

    /// What a file says of a plan; the beginning when there is no file.
    ///
    /// @throws IOException when it cannot be read, or is about another plan
    static CopyState read(Path file, CopyPlan plan) throws IOException {
        var there = plan(file);
        if (there.isEmpty()) {
            return BEGINNING;
        }
        if (!there.get().equals(plan)) {
            throw new IOException(
                    file
                            + ": of "
                            + there.get()
                            + " (expected: "
                            + plan
                            + "; remove the file to begin anew)");
        }
        var says = load(file);
        try {
            String traceId = says.getProperty("after.trace", "");
            return new CopyState(
                    Math.toIntExact(number(says, "tenants.done")),
                    text(says, "service"),
                    traceId.isEmpty()
                            ? null
                            : new Cursor(number(says, "after.start"), TraceId.parse(traceId)),
                    new Counts(
                            number(says, "traces.read"),
                            number(says, "spans.read"),
                            number(says, "traces.written"),
                            number(says, "spans.written")));
        } catch (IllegalArgumentException | ArithmeticException e) {
            throw notAState(file, e);
        }
    }

    private static Properties load(Path file) throws IOException {
        var says = new Properties();
        try {
            says.load(new StringReader(Files.readString(file)));
        } catch (IllegalArgumentException e) {
            throw notAState(file, e);
        }
        return says;
    }

    private static IOException notAState(Path file, RuntimeException e) {
        return new IOException(file + ": not the state of a copy: " + e.getMessage(), e);
    }

    private static String text(Properties says, String key) {
        String text = says.getProperty(key);
        if (text == null) {
            throw new IllegalArgumentException(key + ": missing (expected: a value)");
        }
        return text;
    }

    private static long number(Properties says, String key) {
        return Long.parseLong(text(says, key));
    }

    /// Replaces what the file says, as a whole or not at all.
    void write(Path file, CopyPlan plan) throws IOException {
        var lines = new StringBuilder();
        line(lines, "from", plan.from());
        line(lines, "to", plan.to());
        line(
                lines,
                "tenants",
                plan.tenants().stream().map(Tenant::name).collect(Collectors.joining(" ")));
        line(lines, "since", plan.since());
        line(lines, "until", plan.until());
        line(lines, "page-traces", plan.pageTraces());
        line(lines, "tenants.done", tenant);
        line(lines, "service", service);
        if (after != null) {
            line(lines, "after.start", after.startNanos());
            line(lines, "after.trace", after.traceId());
        }
        line(lines, "traces.read", counts.tracesRead());
        line(lines, "spans.read", counts.spansRead());
        line(lines, "traces.written", counts.tracesWritten());
        line(lines, "spans.written", counts.spansWritten());
        var next = file.resolveSibling(file.getFileName() + ".next");
        Files.writeString(next, lines);
        Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    // As Properties reads it: a name may hold what would end a line or begin a code.
    private static void line(StringBuilder lines, String key, Object value) {
        lines.append(key).append('=');
        for (char c : value.toString().toCharArray()) {
            if (c <= ' ' || c > '~' || c == '\\') {
                lines.append("\\u%04x".formatted((int) c));
            } else {
                lines.append(c);
            }
        }
        lines.append('\n');
    }
}
