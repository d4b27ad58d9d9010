package dev.millrace.server;

import dev.millrace.load.LoadConfig;
import dev.millrace.load.ProgressLine;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/// What `millrace load` can be told.
final class LoadOptions {

    @Option(
            names = "--target",
            paramLabel = "URL",
            defaultValue = "http://localhost:4317",
            description = "Where to send to. Default: ${DEFAULT-VALUE}.")
    private URI target = URI.create("http://localhost:4317");

    @Option(
            names = "--transport",
            paramLabel = "NAME",
            defaultValue = "GRPC",
            description = "OTLP over ${COMPLETION-CANDIDATES}. Default: ${DEFAULT-VALUE}.")
    private LoadConfig.Transport transport = LoadConfig.Transport.GRPC;

    @Option(
            names = "--traffic",
            paramLabel = "KIND",
            defaultValue = "REALISTIC",
            description = "${COMPLETION-CANDIDATES}. Default: ${DEFAULT-VALUE}.")
    private LoadConfig.Traffic traffic = LoadConfig.Traffic.REALISTIC;

    @Option(
            names = "--rate",
            paramLabel = "SPANS",
            defaultValue = "1000",
            description = "Spans a second; 0 is as fast as it goes. Default: ${DEFAULT-VALUE}.")
    private long rate;

    @Option(
            names = "--seconds",
            paramLabel = "N",
            defaultValue = "0",
            description = "When to stop; 0 is never. Default: ${DEFAULT-VALUE}.")
    private long seconds;

    @Option(
            names = "--spans",
            paramLabel = "N",
            defaultValue = "0",
            description = "How many spans to send; 0 is no limit. Default: ${DEFAULT-VALUE}.")
    private long spans;

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "1",
            description = "Of ids and shapes. Default: ${DEFAULT-VALUE}.")
    private long seed;

    @Option(
            names = "--concurrency",
            paramLabel = "N",
            defaultValue = "8",
            description = "Requests without an answer at a time. Default: ${DEFAULT-VALUE}.")
    private int concurrency;

    @Option(names = "--gzip", description = "Compresses the requests.")
    private boolean gzip;

    @Option(
            names = "--truth",
            paramLabel = "FILE",
            description = "Keeps a record of every span sent and what became of it.")
    private @Nullable Path truth;

    /// Progress for people, on standard output.
    @SuppressWarnings("SystemConsoleNull") // It is null again from 25 on, where nobody watches.
    static ProgressLine progress() {
        var console = System.console();
        return new ProgressLine(System.out, console != null && console.isTerminal());
    }

    LoadConfig config() {
        return LoadConfig.builder(target)
                .transport(transport)
                .traffic(traffic)
                .spansPerSecond(rate)
                .duration(Duration.ofSeconds(seconds))
                .totalSpans(spans)
                .seed(seed)
                .concurrency(concurrency)
                .gzip(gzip)
                .truthFile(truth)
                .build();
    }
}
