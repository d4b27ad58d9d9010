/// Looks into the image as it was built, and starts what is in it.
@NullMarked
package dev.millrace.deploy.image;

import org.jspecify.annotations.NullMarked;
