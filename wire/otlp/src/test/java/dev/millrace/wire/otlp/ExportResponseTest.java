package dev.millrace.wire.otlp;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.InvalidProtocolBufferException;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceResponse;
import org.junit.jupiter.api.Test;

class ExportResponseTest {

    @Test
    void successIsAnEmptyMessage() {
        assertThat(ExportResponse.success()).isEmpty();
    }

    @Test
    void partialSuccessNamesTheRejectedSpans() throws InvalidProtocolBufferException {
        // When
        var response = ExportTraceServiceResponse.parseFrom(ExportResponse.partial(3, "why"));

        // Then
        assertThat(response.getPartialSuccess().getRejectedSpans()).isEqualTo(3);
        assertThat(response.getPartialSuccess().getErrorMessage()).isEqualTo("why");
    }
}
