package dev.millrace.query;

import com.linecorp.armeria.common.MediaType;
import dev.millrace.model.Slice;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Set;

/// The OpenAPI description of our own API, as a file beside this class has it.
///
/// The tests hold it against every route that is bound, every parameter that is taken and every
/// answer that is given.
final class OpenApiDescription {

    static final String PATH = "/v1/openapi.json";
    private static final int MAX_AGE_SECONDS = 300;

    private final Slice document;

    OpenApiDescription() {
        try (var in = OpenApiDescription.class.getResourceAsStream("openapi.json")) {
            if (in == null) {
                throw new IllegalStateException("openapi.json is missing from the program");
            }
            document = Slice.of(in.readAllBytes());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    void bind(Endpoint.Routes routes) {
        routes.get(PATH, "openapi", this::answer);
    }

    private Answer answer(Parameters parameters) {
        parameters.allowOnly(Set.of(), Set.of());
        return Answer.bytes(MediaType.JSON, document).keptFor(MAX_AGE_SECONDS);
    }
}
