package dev.millrace.sampling;

import dev.millrace.model.Glob;

/// The share of some operations of some services that is kept at the head.
///
/// @param service a service's name, with `*` for any characters
/// @param operation a span's name, with `*` for any characters
/// @param probability 0 keeps errors only, 1 keeps everything
public record HeadRule(String service, String operation, double probability) {

    public HeadRule {
        if (!(probability >= 0 && probability <= 1)) {
            throw new IllegalArgumentException(
                    "probability: " + probability + " (expected: 0 to 1)");
        }
        if (service.isEmpty()) {
            throw new IllegalArgumentException(
                    "service: \"\" (expected: a name, or * for every service)");
        }
        if (operation.isEmpty()) {
            throw new IllegalArgumentException(
                    "operation: \"\" (expected: a name, or * for every operation)");
        }
    }

    boolean everyOperation() {
        return operation.equals("*");
    }

    boolean isOf(String someService) {
        return new Glob(service).matches(someService);
    }

    boolean covers(String someOperation) {
        return new Glob(operation).matches(someOperation);
    }
}
