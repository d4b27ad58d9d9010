package dev.millrace.access;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.util.stream.Collectors;
import org.slf4j.LoggerFactory;

/// Everything that is logged while it is open, down to the finest.
final class Logs implements AutoCloseable {

    private final Logger root = (Logger) LoggerFactory.getLogger("dev.millrace");
    private final Level before = root.getLevel();
    private final ListAppender<ILoggingEvent> appender = new ListAppender<>();

    Logs() {
        appender.start();
        root.setLevel(Level.TRACE);
        root.addAppender(appender);
    }

    String text() {
        return appender.list.stream()
                .map(event ->
                        event.getFormattedMessage()
                                + " "
                                + event.getKeyValuePairs()
                                + " "
                                + (event.getThrowableProxy() == null
                                        ? ""
                                        : event.getThrowableProxy().getMessage()))
                .collect(Collectors.joining("\n"));
    }

    @Override
    public void close() {
        root.detachAppender(appender);
        root.setLevel(before);
    }
}
