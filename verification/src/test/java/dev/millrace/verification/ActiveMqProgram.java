package dev.millrace.verification;

import java.io.IOException;
import org.apache.activemq.ActiveMQConnectionFactory;
import zipkin2.codec.SpanBytesDecoder;
import zipkin2.reporter.AsyncReporter;
import zipkin2.reporter.BytesMessageSender;
import zipkin2.reporter.SpanBytesEncoder;
import zipkin2.reporter.activemq.ActiveMQSender;

/// A program with Zipkin's ActiveMQ sender and the client of ActiveMQ that this is made for.
///
/// Reports the spans that it reads as Zipkin's JSON to the broker and in the encoding that its
/// arguments name.
final class ActiveMqProgram {

    private ActiveMqProgram() {}

    public static void main(String[] arguments) throws IOException {
        var encoder = SpanBytesEncoder.valueOf(arguments[1]);
        var spans = SpanBytesDecoder.JSON_V2.decodeList(System.in.readAllBytes());
        try (BytesMessageSender sender =
                        ActiveMQSender.newBuilder()
                                .connectionFactory(new ActiveMQConnectionFactory(arguments[0]))
                                .encoding(encoder.encoding())
                                .build();
                var reporter = AsyncReporter.builder(sender).build(encoder)) {
            spans.forEach(reporter::report);
            reporter.flush();
        }
        System.out.println("reported " + spans.size());
    }
}
