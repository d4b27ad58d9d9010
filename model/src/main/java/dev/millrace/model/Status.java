package dev.millrace.model;

/// How a span ended.
///
/// @param message empty when there is none
public record Status(Code code, String message) {

    public static final Status UNSET = new Status(Code.UNSET, "");

    /// OTLP's status codes, in OTLP's order: the ordinal is OTLP's number.
    public enum Code {
        UNSET,
        OK,
        ERROR;

        private static final Code[] CODES = values();

        /// The code with OTLP's number; unknown numbers are [#UNSET].
        public static Code of(int number) {
            return number >= 0 && number < CODES.length ? CODES[number] : UNSET;
        }
    }
}
