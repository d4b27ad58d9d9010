package dev.millrace.load.traffic;

/// A service of the shop.
///
/// @param instances how many run at a time
record Service(String name, Platform platform, int instances) {

    /// What a service is written in, which shows in its scopes and exceptions.
    enum Platform {
        JAVA(
                "java",
                "io.opentelemetry.tomcat-10.0",
                "2.21.0",
                "java.lang.IllegalStateException",
                "\n\tat shop.%s.Handler.handle(Handler.java:84)"
                        + "\n\tat shop.%s.Server.serve(Server.java:41)"
                        + "\n\tat java.base/java.lang.VirtualThread.run(VirtualThread.java:329)"),
        NODE(
                "nodejs",
                "@opentelemetry/instrumentation-http",
                "0.208.0",
                "TypeError",
                "\n    at handle (/app/%s/handler.js:52:11)"
                        + "\n    at serve (/app/%s/server.js:17:3)"),
        GO(
                "go",
                "go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp",
                "0.63.0",
                "*errors.errorString",
                "\ngoroutine 318 [running]:\n%s.handle\n\t/src/%s/handler.go:73"),
        PYTHON(
                "python",
                "opentelemetry.instrumentation.fastapi",
                "0.59b0",
                "ValueError",
                "\n  File \"/app/%s/handler.py\", line 66, in handle"
                        + "\n  File \"/app/%s/server.py\", line 20, in serve"),
        DOTNET(
                "dotnet",
                "OpenTelemetry.Instrumentation.AspNetCore",
                "1.13.0",
                "System.InvalidOperationException",
                "\n   at Shop.%s.Handler.Handle() in Handler.cs:line 58"
                        + "\n   at Shop.%s.Server.Serve() in Server.cs:line 23");

        final String language;
        final String scope;
        final String version;
        final String exception;
        final String stack;

        Platform(String language, String scope, String version, String exception, String stack) {
            this.language = language;
            this.scope = scope;
            this.version = version;
            this.exception = exception;
            this.stack = stack;
        }
    }
}
