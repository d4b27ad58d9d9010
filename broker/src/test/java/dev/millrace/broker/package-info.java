/// The embedded broker under real clients, real sockets and a real SIGKILL.
@NullMarked
package dev.millrace.broker;

import org.jspecify.annotations.NullMarked;
