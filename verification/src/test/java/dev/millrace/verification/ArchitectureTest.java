package dev.millrace.verification;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static java.util.Map.entry;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.AccessTarget.CodeUnitAccessTarget;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.Test;

/// The shape of the code: which module may see which, and what none may do.
final class ArchitectureTest {

    private static final String OURS = "dev.millrace.";

    /// What starts threads or waits for them. To be safe for those of others, a map or a counter is
    /// enough.
    private static final DescribedPredicate<JavaClass> CONCERNED_WITH_THREADS =
            describe(
                    "concerned with threads",
                    type ->
                            type.isAssignableTo(Thread.class)
                                    || (type.getPackageName().startsWith("java.util.concurrent")
                                            && !type.getPackageName().endsWith(".atomic")
                                            && !type.isEquivalentTo(ConcurrentHashMap.class)));

    /// An address is a value like others, as long as nobody asks for it by name.
    private static final DescribedPredicate<JavaClass> CONCERNED_WITH_NETWORKS =
            describe(
                    "concerned with networks",
                    type ->
                            type.getPackageName().equals("java.net")
                                    && !type.isAssignableTo(InetAddress.class));

    /// What each module may use. `server` and `verification` may use everything.
    private static final Map<String, Set<String>> MAY_USE =
            Map.ofEntries(
                    entry("model", Set.of()),
                    entry("yaml", Set.of()),
                    entry("wire.otlp", Set.of("model")),
                    entry("wire.zipkin", Set.of("model", "wire.otlp")),
                    entry("wire.jaeger", Set.of("model", "wire.otlp")),
                    entry("enrichment.api", Set.of("model")),
                    entry("enrichment.rules", Set.of("model", "yaml", "enrichment.api")),
                    entry("assembly", Set.of("model", "wire.otlp", "enrichment.api")),
                    entry("sampling", Set.of("model", "wire.otlp", "yaml")),
                    entry("analysis", Set.of("model", "wire.otlp")),
                    entry("cache", Set.of("model")),
                    entry("access", Set.of("model")),
                    entry("broker", Set.of()),
                    entry("testkit", Set.of("model", "wire.otlp", "broker")),
                    entry("storage.api", Set.of("model", "analysis")),
                    entry(
                            "storage.contract",
                            Set.of("model", "wire.otlp", "analysis", "storage.api")),
                    entry("storage.cached", Set.of("model", "wire.otlp", "cache", "storage.api")),
                    entry(
                            "storage.local",
                            Set.of("model", "wire.otlp", "analysis", "assembly", "storage.api")),
                    entry(
                            "storage.elasticsearch",
                            Set.of("model", "wire.otlp", "analysis", "assembly", "storage.api")),
                    entry(
                            "storage.cassandra",
                            Set.of(
                                    "model",
                                    "wire.otlp",
                                    "wire.jaeger",
                                    "analysis",
                                    "assembly",
                                    "storage.api")),
                    entry(
                            "storage.federated",
                            Set.of("model", "wire.otlp", "analysis", "assembly", "storage.api")),
                    entry(
                            "storage.kafka",
                            Set.of(
                                    "model",
                                    "wire.otlp",
                                    "analysis",
                                    "assembly",
                                    "access",
                                    "pipeline",
                                    "storage.api",
                                    "storage.local")),
                    entry(
                            "pipeline",
                            Set.of(
                                    "model",
                                    "wire.otlp",
                                    "wire.zipkin",
                                    "wire.jaeger",
                                    "enrichment.api",
                                    "assembly",
                                    "analysis",
                                    "sampling",
                                    "storage.api")),
                    entry(
                            "collector",
                            Set.of(
                                    "model",
                                    "wire.otlp",
                                    "wire.zipkin",
                                    "wire.jaeger",
                                    "sampling",
                                    "cache",
                                    "access",
                                    "pipeline")),
                    entry(
                            "agent",
                            Set.of(
                                    "model",
                                    "wire.otlp",
                                    "sampling",
                                    "access",
                                    "pipeline",
                                    "collector")),
                    entry("traceql", Set.of("model")),
                    entry(
                            "query",
                            Set.of(
                                    "model",
                                    "wire.otlp",
                                    "wire.zipkin",
                                    "assembly",
                                    "wire.jaeger",
                                    "analysis",
                                    "traceql",
                                    "access",
                                    "storage.api")),
                    entry("load", Set.of("model", "wire.otlp", "wire.zipkin")),
                    entry("ui", Set.of()),
                    entry("deploy", Set.of()));

    private static final Set<String> SEE_EVERYTHING = Set.of("server", "verification");

    /// The modules that decide: what they do must follow from their arguments alone.
    private static final String[] PURE = {
        "dev.millrace.model..",
        "dev.millrace.yaml..",
        "dev.millrace.wire..",
        "dev.millrace.enrichment..",
        "dev.millrace.assembly..",
        "dev.millrace.analysis..",
        "dev.millrace.sampling..",
        "dev.millrace.traceql.."
    };

    /// Where the system clock may be read: the program, which hands it on, and what measures it.
    private static final String[] MAY_READ_THE_CLOCK = {
        "dev.millrace.server..", "dev.millrace.load..", "dev.millrace.verification.."
    };

    /// Not `System.nanoTime`: what only bounds a wait may measure it.
    private static final Set<String> CLOCK_READERS =
            Set.of(
                    "java.lang.System.currentTimeMillis",
                    "java.time.Clock.systemUTC",
                    "java.time.Clock.systemDefaultZone",
                    "java.time.Clock.system");

    private static final JavaClasses ALL =
            new ClassFileImporter()
                    .withImportOption(location -> !location.contains("/jmh_generated/"))
                    .importPaths(Repository.classFolders());

    private static final JavaClasses MAIN =
            new ClassFileImporter()
                    .withImportOption(new ImportOption.DoNotIncludeTests())
                    .importPaths(Repository.classFolders());

    @Test
    void packagesHaveNoCycles() {
        slices().matching("dev.millrace.(**)").should().beFreeOfCycles().check(MAIN);
    }

    @Test
    void modulesSeeOnlyWhatTheyMay() {
        // Given
        var broken = new TreeSet<String>();

        // When
        for (var type : MAIN) {
            String from = module(type);
            if (SEE_EVERYTHING.contains(from)) {
                continue;
            }
            for (var dependency : type.getDirectDependenciesFromSelf()) {
                var target = dependency.getTargetClass();
                if (!target.getPackageName().startsWith(OURS)) {
                    continue;
                }
                String to = module(target);
                if (!to.equals(from) && !MAY_USE.getOrDefault(from, Set.of()).contains(to)) {
                    broken.add(from + " uses " + to + ": " + dependency.getDescription());
                }
            }
        }

        // Then
        assertThat(broken).isEmpty();
    }

    @Test
    void everyModuleIsOnTheMap() {
        // Given
        var modules = new TreeSet<String>();

        // When
        MAIN.forEach(type -> modules.add(module(type)));

        // Then
        assertThat(modules).contains("model", "server");
        modules.removeAll(SEE_EVERYTHING);
        assertThat(MAY_USE.keySet()).containsAll(modules);
    }

    /// The longest name on the map that the package begins with, or else the first word.
    private static String module(JavaClass type) {
        String path = type.getPackageName().substring(OURS.length());
        return MAY_USE.keySet().stream()
                .filter(module -> (path + ".").startsWith(module + "."))
                .findFirst()
                .orElseGet(() -> path.contains(".") ? path.substring(0, path.indexOf('.')) : path);
    }

    @Test
    void whatDecidesKnowsNoServerNoStoreAndNoThread() {
        noClasses()
                .that()
                .resideInAnyPackage(PURE)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "org.apache.kafka..",
                        "kafka..",
                        "io.netty..",
                        "com.linecorp.armeria..",
                        "org.apache.lucene..",
                        "io.micrometer..")
                .orShould()
                .dependOnClassesThat(CONCERNED_WITH_THREADS)
                .orShould()
                .dependOnClassesThat(CONCERNED_WITH_NETWORKS)
                .orShould()
                .callMethod(InetAddress.class, "getByName", String.class)
                .orShould()
                .callMethod(System.class, "nanoTime")
                .check(MAIN);
    }

    @Test
    void onlyTheProgramReadsTheSystemClock() {
        noClasses()
                .that()
                .resideOutsideOfPackages(MAY_READ_THE_CLOCK)
                .should()
                .accessTargetWhere(readsTheClock())
                .because("a clock comes in through the constructor")
                .check(MAIN);
    }

    private static DescribedPredicate<JavaAccess<?>> readsTheClock() {
        return describe(
                "it reads the system clock",
                access -> {
                    String owner = access.getTargetOwner().getName();
                    boolean now =
                            owner.startsWith("java.time.")
                                    && access.getName().equals("now")
                                    && access.getTarget() instanceof CodeUnitAccessTarget method
                                    && method.getRawParameterTypes().isEmpty();
                    return now || CLOCK_READERS.contains(owner + "." + access.getName());
                });
    }

    @Test
    void nobodySleeps() {
        noClasses()
                .should()
                .callMethodWhere(
                        describe(
                                "it sleeps",
                                call ->
                                        call.getName().equals("sleep")
                                                && Set.of(
                                                                "java.lang.Thread",
                                                                "java.util.concurrent.TimeUnit")
                                                        .contains(call.getTargetOwner().getName())))
                .because("waiting for a time hopes; wait for what is to happen")
                .check(ALL);
    }

    @Test
    void packagesAreNamedByWhatTheyHold() {
        noClasses()
                .should()
                .resideInAnyPackage(
                        "..util..",
                        "..utils..",
                        "..common..",
                        "..impl..",
                        "..internal..",
                        "..helper..",
                        "..helpers..",
                        "..misc..")
                .check(ALL);
    }

    @Test
    void typesAreNamedByWhatTheyAre() {
        classes()
                .should()
                .haveNameNotMatching(".*(Manager|Utils?|Helpers?|Impl)(\\$.*)?")
                .check(ALL);
    }

    @Test
    void onlyTheProgramEndsTheProcess() {
        noClasses()
                .that()
                .resideOutsideOfPackages("dev.millrace.server..", "dev.millrace.verification..")
                .should()
                .callMethod(System.class, "exit", int.class)
                .check(MAIN);
    }

    @Test
    void modulesPointOneWay() {
        // Given
        var order = new ArrayList<String>();
        var left = new TreeSet<>(MAY_USE.keySet());

        // When
        while (!left.isEmpty()) {
            List<String> next =
                    left.stream()
                            .filter(module ->
                                    order.containsAll(MAY_USE.getOrDefault(module, Set.of())))
                            .toList();
            if (next.isEmpty()) {
                break;
            }
            order.addAll(next);
            left.removeAll(Set.copyOf(next));
        }

        // Then
        assertThat(left).as("modules that use each other in a circle").isEmpty();
    }
}
