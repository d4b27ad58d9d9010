package dev.millrace.model;

/// A form of text in which `*` stands for any characters, none included.
public final class Glob {

    /// Any text.
    public static final Glob ANY = new Glob("*");

    private final String form;
    private final boolean any;
    private final boolean literal;

    public Glob(String form) {
        this.form = form;
        this.any = form.equals("*");
        this.literal = form.indexOf('*') < 0;
    }

    public boolean isAny() {
        return any;
    }

    /// Needs no more steps than the product of both lengths.
    public boolean matches(String text) {
        if (any) {
            return true;
        }
        if (literal) {
            return form.equals(text);
        }
        int at = 0;
        int in = 0;
        int star = -1;
        int resume = 0;
        while (at < text.length()) {
            if (in < form.length() && form.charAt(in) == '*') {
                star = in;
                in++;
                resume = at;
            } else if (in < form.length() && form.charAt(in) == text.charAt(at)) {
                in++;
                at++;
            } else if (star >= 0) {
                in = star + 1;
                resume++;
                at = resume;
            } else {
                return false;
            }
        }
        while (in < form.length() && form.charAt(in) == '*') {
            in++;
        }
        return in == form.length();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Glob glob && glob.form.equals(form);
    }

    @Override
    public int hashCode() {
        return form.hashCode();
    }

    @Override
    public String toString() {
        return form;
    }
}
