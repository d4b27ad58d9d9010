package dev.millrace.verification;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.ResourceLock;

/// What is scraped against what the reference says of it.
@ExtendWith(SharedMillrace.class)
@ResourceLock(SharedMillrace.NAME)
class MetricsTest {

    private static final Pattern SCRAPED = Pattern.compile("(?m)^# TYPE (millrace_\\w+) ");
    private static final Pattern DOCUMENTED = Pattern.compile("`(millrace\\.[a-z.]+)`");

    /// What a scrape adds to a name.
    private static final Pattern SUFFIX = Pattern.compile("(_seconds)?(_max)?$");

    private final RunningMillrace millrace;

    MetricsTest(RunningMillrace millrace) {
        this.millrace = millrace;
    }

    @Test
    void everyMetricThatIsScrapedIsInTheReference() throws Exception {
        // Given
        var page = Repository.read(Repository.ROOT.resolve("docs/reference/metrics.md"));
        Set<String> documented =
                DOCUMENTED
                        .matcher(page)
                        .results()
                        .map(result -> result.group(1).replace('.', '_'))
                        .collect(Collectors.toSet());

        // When
        var scraped = new TreeSet<String>();
        SCRAPED.matcher(millrace.openMetrics())
                .results()
                .forEach(type -> scraped.add(type.group(1)));

        // Then
        assertThat(scraped).hasSizeGreaterThan(40);
        scraped.removeIf(name ->
                documented.contains(name)
                        || documented.contains(SUFFIX.matcher(name).replaceFirst("")));
        assertThat(scraped).as("not in docs/reference/metrics.md").isEmpty();
    }
}
