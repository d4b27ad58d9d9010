package dev.millrace.verification;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/// The stores that `./dev bench store` can measure; a further one is a constant here.
enum StoresUnderMeasurement {
    LOCAL {
        @Override
        StoreUnderMeasurement open(Path directory) {
            return new LocalUnderMeasurement(directory);
        }
    };

    /// Opens a store, started if need be.
    ///
    /// @param directory where it keeps what it has, in this process and the next
    abstract StoreUnderMeasurement open(Path directory) throws IOException;

    String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    /// Those named, separated by commas; all for an empty text.
    static List<StoresUnderMeasurement> named(String words) {
        return words.isEmpty()
                ? List.of(values())
                : List.of(words.split(",")).stream()
                        .map(word -> valueOf(word.toUpperCase(Locale.ROOT)))
                        .toList();
    }
}
