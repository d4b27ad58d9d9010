package dev.millrace.load.traffic;

import java.util.List;

/// Uniform spans at the least cost: 512 of 420 bytes a request, in traces of ten.
///
/// Requests are copies of templates with ids and times put in, so that making them costs little
/// more than copying their bytes. The spans of some fifty traces are interleaved in each request; a
/// trace may continue in the next one. Not safe for threads.
public final class BenchmarkWorkload implements Workload {

    static final int REQUEST_SPANS = 512;
    static final int TRACE_SPANS = 10;

    private final long seed;
    private final Encoding encoding;
    private final List<BenchmarkTemplate> templates;
    private final List<BenchmarkTemplate> origins;
    private long request;

    public BenchmarkWorkload(long seed, Encoding encoding) {
        this.seed = Chance.mix(seed);
        this.encoding = encoding;
        this.templates = BenchmarkTemplate.all(seed, encoding);
        this.origins =
                encoding == Encoding.OTLP ? templates : BenchmarkTemplate.all(seed, Encoding.OTLP);
    }

    @Override
    public List<Request> next(long nowNanos) {
        int number = (int) (request % templates.size());
        var template = templates.get(number);
        long firstTrace = request * REQUEST_SPANS / TRACE_SPANS;
        request++;
        long[] values = Slots.values(REQUEST_SPANS);
        for (int span = 0; span < REQUEST_SPANS; span++) {
            long first = (firstTrace + template.slot(span)) * 16;
            int role = template.role(span);
            // Setting one bit keeps ids from being all zero.
            values[Slots.index(span, Slots.TRACE_HIGH)] = Chance.mix(seed, first + 14);
            values[Slots.index(span, Slots.TRACE_LOW)] = Chance.mix(seed, first + 15) | 1;
            values[Slots.index(span, Slots.SPAN)] = Chance.mix(seed, first + role) | 1;
            values[Slots.index(span, Slots.PARENT)] =
                    Chance.mix(seed, first + BenchmarkTemplate.parentOf(role)) | 1;
            values[Slots.index(span, Slots.START)] = BenchmarkTemplate.startNanos(role, nowNanos);
            values[Slots.index(span, Slots.END)] = BenchmarkTemplate.endNanos(role, nowNanos);
        }
        var body = template.filled(values);
        return List.of(
                new Request(
                        body,
                        encoding == Encoding.OTLP
                                ? () -> body
                                : () -> origins.get(number).filled(values),
                        REQUEST_SPANS,
                        0));
    }
}
