package dev.millrace.server;

import dev.millrace.load.ClientTls;
import dev.millrace.load.LoadConfig;
import dev.millrace.load.ProgressLine;
import dev.millrace.load.Protocol;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/// What `millrace load` can be told.
final class LoadOptions {

    @Option(
            names = "--target",
            paramLabel = "URL",
            description = {
                "Where to send to; https for TLS. Default: the protocol's port on localhost,",
                "such as http://localhost:4317."
            })
    private @Nullable URI target;

    @Option(
            names = "--protocol",
            paramLabel = "NAME",
            defaultValue = "otlp-grpc",
            description = "${COMPLETION-CANDIDATES}. Default: ${DEFAULT-VALUE}.")
    private Protocol protocol = Protocol.OTLP_GRPC;

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
            names = "--tenant",
            paramLabel = "NAME",
            description = "Sent in the header X-Scope-OrgID.")
    private @Nullable String tenant;

    @Option(
            names = "--token-file",
            paramLabel = "FILE",
            description = "Holds a bearer token to send.")
    private @Nullable Path tokenFile;

    @Option(
            names = "--user-file",
            paramLabel = "FILE",
            description = "Holds name:password to send as basic auth.")
    private @Nullable Path userFile;

    @Option(
            names = "--header",
            paramLabel = "NAME=VALUE",
            description = "Sent with every request; may be given more than once.")
    private Map<String, String> headers = new HashMap<>();

    @Option(
            names = "--trust-file",
            paramLabel = "FILE",
            description = "PEM certificates to trust instead of the machine's.")
    private @Nullable Path trustFile;

    @Option(
            names = "--certificate-file",
            paramLabel = "FILE",
            description = "PEM certificate to show to a receiver that asks for one.")
    private @Nullable Path certificateFile;

    @Option(names = "--key-file", paramLabel = "FILE", description = "PEM private key to it.")
    private @Nullable Path keyFile;

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

    LoadConfig config() throws IOException {
        return LoadConfig.builder(target == null ? usual(protocol) : target)
                .protocol(protocol)
                .traffic(traffic)
                .spansPerSecond(rate)
                .duration(Duration.ofSeconds(seconds))
                .totalSpans(spans)
                .seed(seed)
                .concurrency(concurrency)
                .gzip(gzip)
                .headers(allHeaders())
                .tls(new ClientTls(trustFile, certificateFile, keyFile))
                .truthFile(truth)
                .build();
    }

    private static URI usual(Protocol protocol) {
        int port =
                switch (protocol) {
                    case OTLP_GRPC -> 4317;
                    case OTLP_HTTP -> 4318;
                    case ZIPKIN_JSON, ZIPKIN_PROTO -> 9411;
                    case JAEGER_GRPC -> 14250;
                };
        return URI.create("http://localhost:" + port);
    }

    private Map<String, String> allHeaders() throws IOException {
        var all = new HashMap<>(headers);
        if (tenant != null) {
            all.put("x-scope-orgid", tenant);
        }
        if (tokenFile != null && userFile != null) {
            throw new IllegalArgumentException(
                    "--token-file and --user-file: both given (expected: one of them)");
        }
        if (tokenFile != null) {
            all.put("authorization", "Bearer " + secret(tokenFile));
        }
        if (userFile != null) {
            byte[] user = secret(userFile).getBytes(StandardCharsets.UTF_8);
            all.put("authorization", "Basic " + Base64.getEncoder().encodeToString(user));
        }
        return all;
    }

    private static String secret(Path file) throws IOException {
        if (!Files.isReadable(file)) {
            throw new IllegalArgumentException(file + " (expected: a file that can be read)");
        }
        return Files.readString(file).strip();
    }
}
