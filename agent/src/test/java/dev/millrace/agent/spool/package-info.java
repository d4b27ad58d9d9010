@NullMarked
package dev.millrace.agent.spool;

import org.jspecify.annotations.NullMarked;
