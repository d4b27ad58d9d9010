package dev.millrace.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.model.Span;
import dev.millrace.model.SpanId;
import dev.millrace.model.Tenant;
import dev.millrace.model.Trace;
import dev.millrace.model.TraceId;
import dev.millrace.server.config.ConfigException;
import dev.millrace.server.config.ConfigSources;
import dev.millrace.server.config.MillraceConfig;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class StoreArchiveTest {

    private static final TraceId ID = new TraceId(1, 2);
    private static final Tenant BANK = new Tenant("bank");

    @TempDir private Path directory;

    private static MillraceConfig config(String... settings) throws ConfigException {
        return new ConfigSources().flags(List.of(settings)).load().values();
    }

    @Test
    void keepsATraceAsFarAsItHadGrown() throws Exception {
        // Given
        var config = config("query.archive=local://" + directory.resolve("archive"));
        var address = QueryConfigs.archive(config).orElseThrow();
        try (var store = Stores.openArchive(address, config, new SimpleMeterRegistry())) {
            var archive = new StoreArchive(store);
            archive.keep(BANK, new Trace(ID, List.of(span(1))));
            archive.keep(BANK, new Trace(ID, List.of(span(1))));

            // When
            archive.keep(BANK, new Trace(ID, List.of(span(1), span(2))));

            // Then
            assertThat(archive.trace(BANK, ID).orElseThrow().spans())
                    .containsExactly(span(1), span(2));
            assertThat(archive.trace(Tenant.DEFAULT, ID)).isEmpty();
        }
    }

    @Test
    void thereIsNoneUnlessSet() throws ConfigException {
        assertThat(QueryConfigs.archive(config())).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    file:///x               | archive: "file:///x" (expected: local:///path, elasticsearch://host:9200/prefix or cassandra://host:9042/keyspace)
                    local:///tmp/data/store | archive: "local:///tmp/data/store" (expected: another store than that of all traces)
                    """)
    void refusesWhatIsNoArchive(String url, String message) throws ConfigException {
        // Given
        var config =
                config(
                        "data-dir=/tmp/data",
                        "storage.local.directory=/tmp/data/store",
                        "query.archive=" + url);

        // When, then
        assertThatThrownBy(() -> QueryConfigs.archive(config))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(message);
    }

    private static Span span(long id) {
        return Span.builder(ID, new SpanId(id)).name("step " + id).time(id, id + 1).build();
    }
}
