/// What those who run the system see of it besides its traces: [SystemView] is asked, and the
/// pictures are what it answers.
@NullMarked
package dev.millrace.query.system;

import org.jspecify.annotations.NullMarked;
