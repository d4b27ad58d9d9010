package dev.millrace.storage.contract;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.analysis.Connection;
import dev.millrace.analysis.Dependency;
import dev.millrace.analysis.DependencyDelta;
import dev.millrace.analysis.DependencyDelta.Entry;
import dev.millrace.analysis.Figures;
import dev.millrace.analysis.Operation;
import dev.millrace.analysis.Series;
import dev.millrace.model.Slice;
import dev.millrace.model.SpanKind;
import dev.millrace.model.Tenant;
import dev.millrace.storage.api.DependencyMinute;
import dev.millrace.wire.otlp.ProtoWriter;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Figures of services for contracts.
final class FigureSamples {

    /// 12:20 UTC on 1 September 2026.
    static final long MINUTE = Samples.TIME / (60 * Samples.SECOND);

    static final Series LINK = new Dependency("shop", "cart", Connection.PLAIN);
    static final Series OPERATION = new Operation("cart", "GET /cart", SpanKind.SERVER);

    private FigureSamples() {}

    static DependencyMinute minute(
            long minute, int partition, long upTo, Map<Series, Figures> figures) {
        return minute(Tenant.DEFAULT, minute, partition, upTo, figures);
    }

    static DependencyMinute minute(
            Tenant tenant, long minute, int partition, long upTo, Map<Series, Figures> figures) {
        var entries = new ArrayList<Entry>();
        figures.forEach((series, of) -> entries.add(new Entry(minute, series, of)));
        return new DependencyMinute(tenant, minute, partition, upTo, entries);
    }

    /// Figures with durations, as a record of `dependencies` has them: all calls in one bucket.
    static Figures figures(long calls, long errors, long bucket) {
        var writer = new ProtoWriter(64).text(1, Tenant.DEFAULT.name());
        writer.bytes(6, Slice.of("any".getBytes(StandardCharsets.UTF_8)));
        int minute = writer.open(7);
        int operation = writer.open(3);
        writer.number(5, calls).number(7, errors).bytes(9, Slice.of(varints(bucket, calls)));
        writer.close(operation);
        writer.close(minute);
        return DependencyDelta.decode(writer.finish()).entries().getFirst().figures();
    }

    private static byte[] varints(long... values) {
        var bytes = new ByteArrayOutputStream();
        for (long value : values) {
            long rest = value;
            while (rest > 0x7f) {
                bytes.write((int) ((rest & 0x7f) | 0x80));
                rest >>>= 7;
            }
            bytes.write((int) rest);
        }
        return bytes.toByteArray();
    }

    /// The figures of a minute by what they are of, each there once.
    static Map<Series, Figures> bySeries(DependencyMinute minute) {
        var figures = new HashMap<Series, Figures>();
        for (var entry : minute.entries()) {
            assertThat(figures.put(entry.series(), entry.figures()))
                    .as("more than one of %s", entry.series())
                    .isNull();
        }
        return figures;
    }

    /// The figures of each minute, those of all partitions added up.
    static Map<Long, Map<Series, Figures>> sums(List<DependencyMinute> minutes) {
        var sums = new HashMap<Long, Map<Series, Figures>>();
        for (var minute : minutes) {
            var sum = sums.computeIfAbsent(minute.minute(), _ -> new HashMap<>());
            bySeries(minute)
                    .forEach((series, figures) ->
                            sum.computeIfAbsent(series, _ -> Figures.ofCalls(0)).add(figures));
        }
        return sums;
    }
}
