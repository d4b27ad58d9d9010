package dev.millrace.pipeline.ledger;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Postings that are gathered until they can be committed. Not safe for threads.
public final class Postings {

    private record Key(Cell cell, Account account, String reason) {}

    private final Map<Key, Long> copies = new HashMap<>();

    public void add(Cell cell, Account account, long count) {
        add(cell, account, "", count);
    }

    public void add(Cell cell, Account account, String reason, long count) {
        if (count != 0) {
            copies.merge(new Key(cell, account, reason), count, Long::sum);
        }
    }

    public void addAll(List<Posting> postings) {
        postings.forEach(one -> add(one.cell(), one.account(), one.reason(), one.copies()));
    }

    public boolean isEmpty() {
        return copies.isEmpty();
    }

    public Postings copy() {
        var copy = new Postings();
        copy.copies.putAll(copies);
        return copy;
    }

    public void clear() {
        copies.clear();
    }

    public List<Posting> list() {
        var list = new ArrayList<Posting>(copies.size());
        copies.forEach((key, count) ->
                list.add(new Posting(key.cell(), key.account(), key.reason(), count)));
        return list;
    }
}
