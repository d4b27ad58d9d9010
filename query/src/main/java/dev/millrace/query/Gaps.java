package dev.millrace.query;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/// What an answer lacks, and why. Not safe for threads.
final class Gaps implements Consumer<String> {

    private final Set<String> reasons = new LinkedHashSet<>();

    @Override
    public void accept(String reason) {
        reasons.add(reason);
    }

    /// Each once; none when the answer is whole.
    List<String> reasons() {
        return List.copyOf(reasons);
    }

    /// Adds to an object that it is partial, if it is.
    void writeTo(JsonGenerator json) throws IOException {
        if (reasons.isEmpty()) {
            return;
        }
        json.writeBooleanField("partial", true);
        json.writeArrayFieldStart("reasons");
        for (var reason : reasons) {
            json.writeString(reason);
        }
        json.writeEndArray();
    }
}
