package dev.millrace.server.copy;

import dev.millrace.model.Tenant;
import dev.millrace.storage.api.DependencyMinute;
import dev.millrace.storage.api.DependencyStore;
import dev.millrace.storage.api.TraceStore;
import java.util.ArrayList;
import java.util.List;

/// A store that also remembers figures.
final class WithFigures extends Wrapped implements DependencyStore {

    private final List<DependencyMinute> kept = new ArrayList<>();

    WithFigures(TraceStore store) {
        super(store);
    }

    @Override
    public void writeDependencies(List<DependencyMinute> minutes) {
        for (var minute : minutes) {
            kept.removeIf(one ->
                    one.tenant().equals(minute.tenant())
                            && one.minute() == minute.minute()
                            && one.partition() == minute.partition());
            kept.add(minute);
        }
    }

    @Override
    public List<DependencyMinute> dependencies(Tenant tenant, long from, long to) {
        return kept.stream()
                .filter(one ->
                        one.tenant().equals(tenant) && one.minute() >= from && one.minute() < to)
                .toList();
    }
}
