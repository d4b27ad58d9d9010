package dev.millrace.server;

import dev.millrace.query.system.PipelinePicture.Figure;
import dev.millrace.query.system.PipelinePicture.ProcessState;
import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/// Asks other processes for what they count, where Prometheus does.
///
/// An address whose name stands for several, as that of a headless service does, stands for a
/// process each. All are asked at once; who does not answer in time is said not to be known.
final class OtherProcesses implements AutoCloseable {

    private static final long MOST_BYTES = 32L << 20;
    private static final int MOST_PROCESSES = 200;

    private final List<URI> addresses;
    private final Duration patience;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final HttpClient client;

    /// @param addresses such as `http://collector:8888/metrics`
    OtherProcesses(List<URI> addresses, Duration patience) {
        this.addresses = List.copyOf(addresses);
        this.patience = patience;
        this.client = HttpClient.newBuilder().connectTimeout(patience).executor(threads).build();
    }

    /// The addresses of a setting.
    ///
    /// @throws IllegalArgumentException when one is none
    static List<URI> addresses(List<String> texts) {
        return texts.stream().map(OtherProcesses::address).toList();
    }

    private static URI address(String text) {
        try {
            var address = URI.create(text);
            if (List.of("http", "https").contains(String.valueOf(address.getScheme()))
                    && address.getHost() != null) {
                return address.getPath().isEmpty() ? address.resolve("/metrics") : address;
            }
        } catch (IllegalArgumentException _) {
            // Refused below.
        }
        throw new IllegalArgumentException(
                "processes: \"" + text + "\" (expected: such as http://collector:8888/metrics)");
    }

    List<ProcessState> ask() {
        long deadline = System.nanoTime() + patience.toNanos();
        var resolved = new ArrayList<Future<List<URI>>>();
        for (var address : addresses) {
            resolved.add(threads.submit(() -> resolve(address)));
        }
        var states = new ArrayList<ProcessState>();
        var asked = new ArrayList<URI>();
        for (int i = 0; i < addresses.size(); i++) {
            try {
                asked.addAll(await(resolved.get(i), deadline));
            } catch (IOException e) {
                states.add(unknown(addresses.get(i), e));
            }
        }
        var answers = new ArrayList<Future<List<Figure>>>();
        var most = asked.subList(0, Math.min(asked.size(), MOST_PROCESSES));
        for (var address : most) {
            answers.add(threads.submit(() -> figures(address)));
        }
        for (int i = 0; i < most.size(); i++) {
            try {
                states.add(
                        new ProcessState(
                                name(most.get(i)),
                                Optional.empty(),
                                Map.of(),
                                await(answers.get(i), deadline)));
            } catch (IOException e) {
                states.add(unknown(most.get(i), e));
            }
        }
        return states;
    }

    private static ProcessState unknown(URI address, IOException why) {
        return new ProcessState(
                name(address), Optional.of(String.valueOf(why.getMessage())), Map.of(), List.of());
    }

    private static String name(URI address) {
        return address.getAuthority();
    }

    private static List<URI> resolve(URI address) throws UnknownHostException {
        var all = InetAddress.getAllByName(address.getHost());
        // The certificate is for the name.
        if (all.length < 2 || "https".equals(address.getScheme()) || all[0].isLoopbackAddress()) {
            return List.of(address);
        }
        return Arrays.stream(all).map(one -> at(one, address)).toList();
    }

    private static URI at(InetAddress host, URI address) {
        String text =
                host instanceof Inet6Address
                        ? "[" + host.getHostAddress() + "]"
                        : host.getHostAddress();
        String port = address.getPort() < 0 ? "" : ":" + address.getPort();
        return URI.create(address.getScheme() + "://" + text + port + address.getRawPath());
    }

    private List<Figure> figures(URI address) throws IOException, InterruptedException {
        var request = HttpRequest.newBuilder(address).timeout(patience).build();
        var response =
                client.send(request, BodyHandlers.limiting(BodyHandlers.ofString(), MOST_BYTES));
        if (response.statusCode() != 200) {
            throw new IOException("HTTP " + response.statusCode());
        }
        return MetricsText.read(response.body().lines());
    }

    private <T> T await(Future<T> answer, long deadline) throws IOException {
        try {
            return answer.get(Math.max(0, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
        } catch (ExecutionException e) {
            throw new IOException(reason(e.getCause()), e);
        } catch (TimeoutException e) {
            answer.cancel(true);
            throw new IOException("no answer within " + patience.toMillis() + " ms", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    private static String reason(@Nullable Throwable failure) {
        if (failure instanceof UnknownHostException) {
            return "its name is not known: " + failure.getMessage();
        }
        return failure == null || failure.getMessage() == null
                ? "does not answer"
                : failure.getMessage();
    }

    @Override
    public void close() {
        client.shutdownNow();
        threads.shutdownNow();
    }
}
