package dev.millrace.broker;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.common.utils.Exit;

/// Keeps broker code from ending the process: `exit` and `halt` become faults instead.
///
/// Kafka has these hooks once per process, so every running broker hears of it; which one was meant
/// cannot be known.
final class ExitGuard {

    private static final Set<FaultListener> LISTENERS = ConcurrentHashMap.newKeySet();

    private ExitGuard() {}

    static synchronized void add(FaultListener listener) {
        LISTENERS.add(listener);
        Exit.setExitProcedure((status, message) -> refuse("exit", status, message));
        Exit.setHaltProcedure((status, message) -> refuse("halt", status, message));
    }

    /// The hooks stay: a broker that is being closed may still want to end the process.
    static synchronized void remove(FaultListener listener) {
        LISTENERS.remove(listener);
    }

    // Callers of exit and halt do not expect them to return.
    private static void refuse(String what, int status, String message) {
        var refused =
                new IllegalStateException(
                        "broker asked for " + what + " with status " + status + ": " + message);
        for (FaultListener listener : LISTENERS) {
            listener.onFault(String.valueOf(refused.getMessage()), refused);
        }
        throw refused;
    }
}
