package dev.millrace.query;

import com.linecorp.armeria.common.HttpHeaderNames;
import com.linecorp.armeria.common.HttpResponse;
import com.linecorp.armeria.common.HttpStatus;
import com.linecorp.armeria.server.HttpService;
import com.linecorp.armeria.server.file.FileService;
import com.linecorp.armeria.server.file.HttpFile;
import java.util.function.BiConsumer;

/// Zipkin's own UI, Lens, as it comes in its jar (Apache-2.0), under `/zipkin/`.
///
/// Its first page names that base, from which its script makes the paths of the API, of
/// `config.json` and of its own pages.
final class ZipkinUi {

    private static final String FOLDER = "zipkin-lens";
    private static final String BASE = "/zipkin";

    // Its styles are written by its script, and its graph computes in workers made of text.
    private static final String CONTENT_SECURITY_POLICY =
            "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:;"
                    + " font-src 'self' data:; worker-src 'self' blob: data:; object-src 'none';"
                    + " base-uri 'self'; form-action 'self'; frame-ancestors 'none'";

    private final HttpService index;
    private final HttpService files;
    private final HttpService icon;

    /// @param classPath holds the jar
    ZipkinUi(ClassLoader classPath) {
        index =
                guarded(
                        HttpFile.builder(classPath, FOLDER + "/index.html")
                                .cacheControl("no-cache")
                                .build()
                                .asService());
        // Their names change with their content, but for a picture's.
        files =
                guarded(
                        FileService.builder(classPath, FOLDER + "/static")
                                .cacheControl("public, max-age=31536000, immutable")
                                .build());
        icon =
                guarded(
                        HttpFile.builder(classPath, FOLDER + "/favicon.ico")
                                .cacheControl("public, max-age=86400")
                                .build()
                                .asService());
    }

    /// Binds what there is to its paths.
    ///
    /// @param routes takes a path pattern and what answers it
    void bind(BiConsumer<String, HttpService> routes) {
        routes.accept(BASE, (context, _) -> HttpResponse.ofRedirect(HttpStatus.FOUND, BASE + "/"));
        routes.accept(BASE + "/", index);
        routes.accept(BASE + "/index.html", index);
        routes.accept(BASE + "/dependency", index);
        routes.accept(BASE + "/traceViewer", index);
        routes.accept(BASE + "/traces/{id}", index);
        routes.accept(BASE + "/favicon.ico", icon);
        routes.accept("prefix:" + BASE + "/static/", files);
    }

    private static HttpService guarded(HttpService service) {
        return service.decorate((delegate, context, request) -> {
            context.setAdditionalResponseHeader(
                    HttpHeaderNames.CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY);
            context.setAdditionalResponseHeader(HttpHeaderNames.REFERRER_POLICY, "no-referrer");
            context.setAdditionalResponseHeader(HttpHeaderNames.X_CONTENT_TYPE_OPTIONS, "nosniff");
            return delegate.serve(context, request);
        });
    }
}
