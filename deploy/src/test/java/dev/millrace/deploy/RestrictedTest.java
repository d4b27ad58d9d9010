package dev.millrace.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.deploy.Rendering.Workload;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// OpenShift admits every pod of ours under `restricted-v2`, with whatever uid it chooses.
final class RestrictedTest {

    private static final Set<String> ADMITTED_VOLUMES =
            Set.of(
                    "configMap",
                    "csi",
                    "downwardAPI",
                    "emptyDir",
                    "ephemeral",
                    "persistentVolumeClaim",
                    "projected",
                    "secret");

    static Stream<Workload> workloads() {
        return Rendering.all().flatMap(Rendering::workloads);
    }

    @ParameterizedTest
    @MethodSource("workloads")
    void podsAskForNothingThatIsNotGivenToThem(Workload workload) {
        // Given
        var spec = workload.pod().path("spec");
        var pod = spec.path("securityContext");
        var container = workload.container().path("securityContext");

        // Then
        assertThat(pod.path("runAsNonRoot").asBoolean()).isTrue();
        assertThat(pod.at("/seccompProfile/type").asText()).isEqualTo("RuntimeDefault");
        for (JsonNode context : Set.of(pod, container)) {
            for (String chosen :
                    Set.of("runAsUser", "runAsGroup", "fsGroup", "supplementalGroups")) {
                assertThat(context.has(chosen)).as(chosen).isFalse();
            }
        }
        assertThat(container.path("allowPrivilegeEscalation").asBoolean(true)).isFalse();
        assertThat(container.path("readOnlyRootFilesystem").asBoolean()).isTrue();
        assertThat(container.at("/capabilities/drop").toString()).isEqualTo("[\"ALL\"]");
        assertThat(container.at("/capabilities/add").isMissingNode()).isTrue();
        assertThat(container.path("privileged").asBoolean()).isFalse();
        for (String host : Set.of("hostNetwork", "hostPID", "hostIPC")) {
            assertThat(spec.path(host).asBoolean()).as(host).isFalse();
        }
        assertThat(workload.container().path("ports")).allMatch(port -> !port.has("hostPort"));
        assertThat(spec.path("containers")).hasSize(1);
        assertThat(spec.has("initContainers")).isFalse();
    }

    @ParameterizedTest
    @MethodSource("workloads")
    void volumesAreOfKindsThatAreAdmitted(Workload workload) {
        workload.pod()
                .at("/spec/volumes")
                .forEach(volume ->
                        volume.fieldNames()
                                .forEachRemaining(field -> {
                                    if (!field.equals("name")) {
                                        assertThat(ADMITTED_VOLUMES).contains(field);
                                    }
                                }));
    }

    @ParameterizedTest
    @MethodSource("workloads")
    void everyContainerSaysWhatItNeeds(Workload workload) {
        // Given
        var resources = workload.container().path("resources");

        // Then
        assertThat(resources.at("/requests/cpu").asText()).isNotEmpty();
        assertThat(resources.at("/requests/memory").asText()).isNotEmpty();
        assertThat(resources.at("/limits/memory").asText()).isNotEmpty();
    }
}
