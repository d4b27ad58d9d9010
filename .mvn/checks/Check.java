import com.google.errorprone.ErrorProneJavaCompiler;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;

/// Compiles main sources and tests with Error Prone and NullAway, side by side: in one process, so that both
/// are loaded and warmed up once.
///
/// @param argumentFiles of the two: an argument a line, and then the sources
void main(String[] argumentFiles) {
    var passed =
            Arrays.stream(argumentFiles)
                    .map(file ->
                            CompletableFuture.supplyAsync(
                                    () -> passes(Path.of(file)), task -> Thread.ofPlatform().start(task)))
                    .toList();
    System.exit(passed.stream().map(CompletableFuture::join).toList().contains(false) ? 1 : 0);
}

boolean passes(Path argumentFile) {
    var compiler = new ErrorProneJavaCompiler();
    try (var files = compiler.getStandardFileManager(null, null, null);
            var lines = Files.lines(argumentFile)) {
        var split = lines.collect(Collectors.partitioningBy(line -> line.endsWith(".java")));
        var sources = files.getJavaFileObjectsFromStrings(split.get(true));
        return compiler.getTask(null, files, null, split.get(false), null, sources).call();
    } catch (IOException e) {
        throw new UncheckedIOException(e);
    }
}
