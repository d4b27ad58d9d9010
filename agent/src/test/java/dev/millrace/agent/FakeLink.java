package dev.millrace.agent;

import dev.millrace.agent.spool.Parcel;
import dev.millrace.model.Tenant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/// A link that answers as it was told, and remembers what it was given.
final class FakeLink implements Link {

    /// What was sent and waits for its answer.
    record Sent(Parcel parcel, CompletableFuture<Answer> answer) {}

    private final List<Parcel> taken = new ArrayList<>();
    private final Deque<Sent> waiting = new ArrayDeque<>();
    private @Nullable Answer always = new Answer.Taken(0, "");
    private final Map<Tenant, Long> held = new HashMap<>();
    private boolean open = true;

    /// Everything is answered so from now on; null to let it wait for [#answer].
    void answerWith(@Nullable Answer answer) {
        always = answer;
    }

    void open(boolean isOpen) {
        open = isOpen;
    }

    /// A tenant is ahead of its rate until then.
    void hold(Tenant tenant, long untilNanos) {
        held.put(tenant, untilNanos);
    }

    /// What was taken, in its order.
    List<Parcel> taken() {
        return taken;
    }

    Deque<Sent> waiting() {
        return waiting;
    }

    /// Answers what was sent first.
    void answer(Answer answer) {
        var sent = waiting.remove();
        note(sent.parcel(), answer);
        sent.answer().complete(answer);
    }

    @Override
    public boolean isOpen(long now) {
        return open;
    }

    @Override
    public long untilOpen(long now) {
        return open ? 0 : 1;
    }

    @Override
    public long heldFor(Tenant tenant, long now) {
        return open ? Math.max(0, held.getOrDefault(tenant, now) - now) : 0;
    }

    @Override
    public CompletableFuture<Answer> send(Parcel parcel, long now) {
        var answer = always;
        if (answer != null) {
            note(parcel, answer);
            return CompletableFuture.completedFuture(answer);
        }
        var sent = new Sent(parcel, new CompletableFuture<>());
        waiting.add(sent);
        return sent.answer();
    }

    private void note(Parcel parcel, Answer answer) {
        if (answer instanceof Answer.Taken) {
            taken.add(parcel);
        }
    }
}
