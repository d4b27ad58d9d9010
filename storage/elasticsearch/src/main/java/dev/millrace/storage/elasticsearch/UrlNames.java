package dev.millrace.storage.elasticsearch;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/// Names of indices as they go into the path of a URL, which servers take up to 4 KiB long.
final class UrlNames {

    private static final int MAX_LENGTH = 3_000;

    private UrlNames() {}

    static String one(String name) {
        return URLEncoder.encode(name, StandardCharsets.UTF_8);
    }

    /// Separated by commas, as many together as fit.
    static List<String> joined(Collection<String> names) {
        var groups = new ArrayList<String>();
        var group = new StringBuilder();
        for (var name : names) {
            String encoded = one(name);
            if (!group.isEmpty() && group.length() + 1 + encoded.length() > MAX_LENGTH) {
                groups.add(group.toString());
                group.setLength(0);
            }
            group.append(group.isEmpty() ? "" : ",").append(encoded);
        }
        if (!group.isEmpty()) {
            groups.add(group.toString());
        }
        return groups;
    }
}
