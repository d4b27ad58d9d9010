package dev.millrace.load.traffic;

import dev.millrace.model.Resource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/// All instances of the shop's services; which one answers is the caller's dice.
final class Fleet {

    private final Map<Service, List<Instance>> instances = new HashMap<>();
    private final IdentityHashMap<Resource, Integer> numbers = new IdentityHashMap<>();

    Fleet(List<Service> services, long seed) {
        int number = 0;
        for (var service : services) {
            var ofService = new ArrayList<Instance>(service.instances());
            for (int i = 0; i < service.instances(); i++) {
                var instance = Instance.of(service, number, Chance.dice(seed, -1 - number));
                ofService.add(instance);
                numbers.put(instance.resource(), number);
                number++;
            }
            instances.put(service, ofService);
        }
    }

    Instance pick(Service service, SplittableRandom random) {
        var ofService = instances.get(service);
        if (ofService == null) {
            throw new IllegalArgumentException(
                    "service: " + service.name() + " (expected: one of the shop's)");
        }
        return ofService.get(random.nextInt(ofService.size()));
    }

    /// The number of the instance whose very resource this is.
    int number(Resource resource) {
        var number = numbers.get(resource);
        if (number == null) {
            throw new IllegalArgumentException(
                    "resource: " + resource + " (expected: the fleet's)");
        }
        return number;
    }
}
