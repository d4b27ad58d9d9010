package dev.millrace.load.traffic;

import dev.millrace.model.Slice;
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
    private final List<BenchmarkTemplate> templates;
    private long request;

    public BenchmarkWorkload(long seed) {
        this.seed = Chance.mix(seed);
        this.templates = BenchmarkTemplate.all(seed);
    }

    @Override
    public List<Request> next(long nowNanos) {
        var template = templates.get((int) (request % templates.size()));
        long firstTrace = request * REQUEST_SPANS / TRACE_SPANS;
        request++;
        byte[] body = template.copy();
        for (int span = 0; span < REQUEST_SPANS; span++) {
            long trace = firstTrace + template.slot(span);
            long first = trace * 16;
            int role = template.role(span);
            // Setting one bit keeps ids from being all zero.
            template.ids(
                    body,
                    span,
                    Chance.mix(seed, first + 14),
                    Chance.mix(seed, first + 15) | 1,
                    Chance.mix(seed, first + role) | 1,
                    Chance.mix(seed, first + BenchmarkTemplate.parentOf(role)) | 1);
            template.times(
                    body,
                    span,
                    nowNanos - 50_000_000L + role * 2_000_000L,
                    nowNanos - role * 1_000_000L);
        }
        return List.of(new Request(Slice.of(body), REQUEST_SPANS, 0));
    }
}
