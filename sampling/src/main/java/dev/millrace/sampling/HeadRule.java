package dev.millrace.sampling;

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

    /// Whether a text has this form. Needs no more than the product of both lengths.
    static boolean matches(String glob, String text) {
        int at = 0;
        int g = 0;
        int star = -1;
        int resume = 0;
        while (at < text.length()) {
            if (g < glob.length() && glob.charAt(g) == '*') {
                star = g++;
                resume = at;
            } else if (g < glob.length() && glob.charAt(g) == text.charAt(at)) {
                g++;
                at++;
            } else if (star >= 0) {
                g = star + 1;
                at = ++resume;
            } else {
                return false;
            }
        }
        while (g < glob.length() && glob.charAt(g) == '*') {
            g++;
        }
        return g == glob.length();
    }
}
