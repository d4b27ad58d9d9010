package dev.millrace.collector;

import com.linecorp.armeria.common.HttpResponse;
import com.linecorp.armeria.common.RequestHeaders;
import dev.millrace.pipeline.format.SpanFormat;

/// How a protocol's clients speak over HTTP: what they write, and which words they understand.
sealed interface HttpDialect permits OtlpHttp, ZipkinHttp, JaegerHttp {

    Transport transport();

    /// What the body is written in.
    ///
    /// @throws RefusedException when it is nothing this protocol has
    SpanFormat format(RequestHeaders headers);

    /// Says that a request was taken over.
    ///
    /// @throws RefusedException when that is not what this protocol would call it
    HttpResponse accept(RequestHeaders headers, Receipt receipt);

    /// Says why a request was not.
    HttpResponse refuse(RequestHeaders headers, Refusal refusal);
}
