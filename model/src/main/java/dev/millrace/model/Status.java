package dev.millrace.model;

/// How a span ended.
///
/// @param message empty when there is none
public record Status(Code code, String message) {

    public static final Status UNSET = new Status(Code.UNSET, "");

    /// OTLP's status codes.
    public enum Code {
        UNSET(0),
        OK(1),
        ERROR(2);

        private final int number;

        Code(int number) {
            this.number = number;
        }

        /// The code with OTLP's number; unknown numbers are [#UNSET].
        public static Code of(int number) {
            return switch (number) {
                case 1 -> OK;
                case 2 -> ERROR;
                default -> UNSET;
            };
        }

        /// OTLP's number.
        public int number() {
            return number;
        }
    }
}
