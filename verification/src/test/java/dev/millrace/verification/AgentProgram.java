package dev.millrace.verification;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;

/// A program that knows nothing of tracing: an HTTP server, called once.
final class AgentProgram {

    private AgentProgram() {}

    public static void main(String[] arguments) throws IOException, InterruptedException {
        var server =
                HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext(
                "/breakfast",
                exchange -> {
                    exchange.sendResponseHeaders(204, -1);
                    exchange.close();
                });
        server.start();
        try (var client = HttpClient.newHttpClient()) {
            var address = URI.create("http:/" + server.getAddress() + "/breakfast");
            var answer =
                    client.send(HttpRequest.newBuilder(address).build(), BodyHandlers.discarding());
            System.out.println("answered with " + answer.statusCode());
        } finally {
            server.stop(0);
        }
    }
}
