package dev.millrace.query;

import com.linecorp.armeria.common.HttpHeaderNames;
import com.linecorp.armeria.common.HttpMethod;
import com.linecorp.armeria.common.HttpRequest;
import com.linecorp.armeria.common.HttpResponse;
import com.linecorp.armeria.common.HttpStatus;
import com.linecorp.armeria.common.MediaType;
import com.linecorp.armeria.server.HttpService;
import com.linecorp.armeria.server.ServiceRequestContext;
import com.linecorp.armeria.server.file.FileService;
import com.linecorp.armeria.server.file.HttpFile;

/// The web UI from the class path: files as they are, and its first page for every address that is
/// the UI's own to interpret.
final class Pages {

    private static final String FOLDER = "dev/millrace/ui";
    private static final String CONTENT_SECURITY_POLICY =
            "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'self';"
                    + " form-action 'self'; frame-ancestors 'none'";

    private final HttpService index;
    private final HttpService assets;
    private final HttpService files;

    Pages(ClassLoader classPath) {
        this.index =
                classPath.getResource(FOLDER + "/index.html") == null
                        ? Pages::absent
                        : HttpFile.builder(classPath, FOLDER + "/index.html")
                                .cacheControl("no-cache")
                                .build()
                                .asService();
        // Their names change with their content.
        this.assets =
                FileService.builder(classPath, FOLDER + "/assets")
                        .cacheControl("public, max-age=31536000, immutable")
                        .build();
        this.files =
                FileService.builder(classPath, FOLDER)
                        .cacheControl("no-cache")
                        .build()
                        .orElse(this::indexOrNothing);
    }

    HttpService index() {
        return guarded(index);
    }

    HttpService assets() {
        return guarded(assets);
    }

    /// Everything that is neither an API nor an asset.
    HttpService files() {
        return guarded(files);
    }

    private HttpResponse indexOrNothing(ServiceRequestContext context, HttpRequest request)
            throws Exception {
        boolean page =
                request.method() == HttpMethod.GET
                        && request.headers().accept().stream()
                                .anyMatch(type -> type.is(MediaType.parse("text/html")));
        return page
                ? index.serve(context, request)
                : HttpResponse.of(
                        HttpStatus.NOT_FOUND,
                        MediaType.PLAIN_TEXT_UTF_8,
                        context.path() + ": not found\n");
    }

    private static HttpResponse absent(ServiceRequestContext context, HttpRequest request) {
        return HttpResponse.of(
                HttpStatus.NOT_FOUND,
                MediaType.PLAIN_TEXT_UTF_8,
                "This server was built without the web UI (-Dui.skip). The APIs are at /v1 and"
                        + " /api.\n");
    }

    private static HttpService guarded(HttpService service) {
        return service.decorate((delegate, context, request) -> {
            context.setAdditionalResponseHeader(
                    HttpHeaderNames.CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY);
            context.setAdditionalResponseHeader(HttpHeaderNames.REFERRER_POLICY, "no-referrer");
            return delegate.serve(context, request);
        });
    }
}
