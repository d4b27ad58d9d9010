package dev.millrace.server;

import dev.millrace.server.config.MillraceConfig;
import java.time.Clock;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Opens the parts of the chosen roles by hand, read top to bottom like the picture of the flow
/// turned round: broker, store, query, ingester, aggregator, collector.
record Roles(MillraceConfig config, Set<Role> roles, Clock clock) implements Wiring {

    private static final Logger log = LoggerFactory.getLogger(Roles.class);

    Roles {
        roles = Collections.unmodifiableSet(EnumSet.copyOf(roles));
    }

    @Override
    public void open(Parts parts) {
        log.atInfo().addKeyValue("roles", roles).addKeyValue("mode", config.mode()).log("Starting");
    }
}
