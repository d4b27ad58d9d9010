package dev.millrace.wire.zipkin;

/// The field numbers of OTLP's messages and the numbers of its kinds and codes.
final class OtlpFields {

    static final int RESOURCE_SPANS = 1;
    static final int RESOURCE = 1;
    static final int RESOURCE_ATTRIBUTES = 1;
    static final int SCOPE_SPANS = 2;

    static final int SCOPE = 1;
    static final int SCOPE_NAME = 1;
    static final int SCOPE_VERSION = 2;
    static final int SPANS = 2;

    static final int TRACE_ID = 1;
    static final int SPAN_ID = 2;
    static final int TRACE_STATE = 3;
    static final int PARENT_SPAN_ID = 4;
    static final int NAME = 5;
    static final int KIND = 6;
    static final int START = 7;
    static final int END = 8;
    static final int ATTRIBUTES = 9;
    static final int DROPPED_ATTRIBUTES = 10;
    static final int EVENTS = 11;
    static final int DROPPED_EVENTS = 12;
    static final int LINKS = 13;
    static final int DROPPED_LINKS = 14;
    static final int STATUS = 15;

    static final int STATUS_MESSAGE = 2;
    static final int STATUS_CODE = 3;

    static final int EVENT_TIME = 1;
    static final int EVENT_NAME = 2;
    static final int EVENT_ATTRIBUTES = 3;
    static final int EVENT_DROPPED_ATTRIBUTES = 4;

    static final int LINK_TRACE_ID = 1;
    static final int LINK_SPAN_ID = 2;
    static final int LINK_TRACE_STATE = 3;
    static final int LINK_ATTRIBUTES = 4;
    static final int LINK_DROPPED_ATTRIBUTES = 5;

    static final int KEY = 1;
    static final int VALUE = 2;
    static final int TEXT_VALUE = 1;
    static final int BOOL_VALUE = 2;
    static final int INT_VALUE = 3;
    static final int REAL_VALUE = 4;
    static final int ARRAY_VALUE = 5;
    static final int NESTED_VALUE = 6;
    static final int VALUES = 1;

    static final int KIND_UNSPECIFIED = 0;
    static final int KIND_INTERNAL = 1;
    static final int KIND_SERVER = 2;
    static final int KIND_CLIENT = 3;
    static final int KIND_PRODUCER = 4;
    static final int KIND_CONSUMER = 5;

    static final int STATUS_UNSET = 0;
    static final int STATUS_OK = 1;
    static final int STATUS_ERROR = 2;

    private OtlpFields() {}
}
