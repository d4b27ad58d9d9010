package dev.millrace.verification;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Pattern;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.GroupState;

/// Whether the store on Kafka is as it should be: every partition is followed by one of the living
/// instances, others have as many copies as there are to be, and nobody is far behind.
///
/// Who is a member with what is asked of Kafka; what an instance holds and how far it is behind, of
/// the instance.
///
/// @param admin of the cluster
/// @param partitions of the topic of each application, by the application's name
/// @param copies of each partition, that of its owner included
record StoreBalance(Admin admin, HttpClient http, Map<String, Integer> partitions, int copies) {

    private static final Pattern LAG =
            Pattern.compile(
                    "millrace_store_kafka_lag\\{partition=\"(\\d+)\",store=\"(\\w+)\"\\} (\\S+)");
    private static final Pattern RUNNING =
            Pattern.compile("millrace_store_kafka_running\\{store=\"(\\w+)\"\\} (\\S+)");
    private static final Duration LOOK_EVERY = Duration.ofMillis(300);
    private static final long ANSWER_SECONDS = 5;

    /// Records that a copy may be behind while spans are coming in.
    private static final double MOST_BEHIND = 500;

    /// Waits until all is well, and prints what is not when patience is at its end.
    ///
    /// @return after how long, since `began`; empty when it was not within patience
    Optional<Duration> await(Collection<MillraceProcess> living, long began, Duration patience)
            throws InterruptedException {
        while (true) {
            String trouble = trouble(living);
            long now = System.nanoTime();
            if (trouble.isEmpty()) {
                return Optional.of(Duration.ofNanos(now - began));
            }
            if (now - began > patience.toNanos()) {
                System.out.println("  not balanced within " + patience + ": " + trouble);
                return Optional.empty();
            }
            LockSupport.parkNanos(LOOK_EVERY.toNanos());
        }
    }

    private String trouble(Collection<MillraceProcess> living) throws InterruptedException {
        try {
            for (var application : partitions.entrySet()) {
                String trouble =
                        membership(application.getKey(), application.getValue(), living.size());
                if (!trouble.isEmpty()) {
                    return trouble;
                }
            }
            return holdings(living);
        } catch (ExecutionException | TimeoutException | IOException e) {
            return e.toString();
        }
    }

    private String membership(String group, int count, int living)
            throws ExecutionException, InterruptedException, TimeoutException {
        var described =
                admin.describeConsumerGroups(List.of(group))
                        .all()
                        .get(ANSWER_SECONDS, TimeUnit.SECONDS)
                        .get(group);
        if (described == null || described.groupState() != GroupState.STABLE) {
            return group + " is not stable";
        }
        if (described.members().size() != living) {
            return group + " has " + described.members().size() + " members";
        }
        long assigned =
                described.members().stream()
                        .flatMap(member -> member.assignment().topicPartitions().stream())
                        .distinct()
                        .count();
        return assigned == count ? "" : group + ": " + assigned + " partitions are assigned";
    }

    private String holdings(Collection<MillraceProcess> living)
            throws IOException, InterruptedException {
        var held = new HashMap<String, Integer>();
        for (var instance : living) {
            String page = metrics(instance);
            var running = RUNNING.matcher(page);
            while (running.find()) {
                if (Double.parseDouble(running.group(2)) != 1) {
                    return instance.setting("storage.kafka.peers.port")
                            + " is not running: "
                            + running.group(1);
                }
            }
            var lag = LAG.matcher(page);
            while (lag.find()) {
                if (Double.parseDouble(lag.group(3)) > MOST_BEHIND) {
                    return lag.group(2) + " " + lag.group(1) + " is behind by " + lag.group(3);
                }
                held.merge(lag.group(2) + " " + lag.group(1), 1, Integer::sum);
            }
        }
        int wanted = partitions.values().stream().mapToInt(Integer::intValue).sum();
        var few =
                held.entrySet().stream()
                        .filter(each -> each.getValue() < Math.min(copies, living.size()))
                        .map(Map.Entry::toString)
                        .toList();
        return held.size() == wanted && few.isEmpty()
                ? ""
                : held.size() + " partitions are held, too few copies of " + few;
    }

    private String metrics(MillraceProcess of) throws IOException, InterruptedException {
        return http.send(
                        HttpRequest.newBuilder(
                                        URI.create(
                                                "http://127.0.0.1:"
                                                        + of.setting("metrics.port")
                                                        + "/metrics"))
                                .timeout(Duration.ofSeconds(ANSWER_SECONDS))
                                .build(),
                        BodyHandlers.ofString())
                .body();
    }
}
