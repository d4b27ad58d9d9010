package dev.millrace.wire.jaeger;

import java.util.Arrays;

/// One tag being read: a key and a value of one of Jaeger's five types. Used again for every tag.
final class Tag {

    static final int STRING = 0;
    static final int BOOL = 1;
    static final int INT64 = 2;
    static final int FLOAT64 = 3;
    static final int BINARY = 4;

    private static final byte[] NONE = new byte[0];

    private byte[] keyArray = NONE;
    private int keyOffset;
    private int keyLength;
    private int type;
    private byte[] array = NONE;
    private int valueOffset;
    private int valueLength;
    private byte[] binaryArray = NONE;
    private int binaryOffset;
    private int binaryLength;
    private long number;
    private double real;
    private boolean bool;

    void clear() {
        keyArray = NONE;
        keyOffset = 0;
        keyLength = 0;
        type = STRING;
        array = NONE;
        valueOffset = 0;
        valueLength = 0;
        binaryArray = NONE;
        binaryOffset = 0;
        binaryLength = 0;
        number = 0;
        real = 0;
        bool = false;
    }

    void key(byte[] bytes, int offset, int length) {
        keyArray = bytes;
        keyOffset = offset;
        keyLength = length;
    }

    void type(int value) {
        type = value;
    }

    void text(byte[] bytes, int offset, int length) {
        array = bytes;
        valueOffset = offset;
        valueLength = length;
    }

    void binary(byte[] bytes, int offset, int length) {
        binaryArray = bytes;
        binaryOffset = offset;
        binaryLength = length;
    }

    void number(long value) {
        number = value;
    }

    void real(double value) {
        real = value;
    }

    void bool(boolean value) {
        bool = value;
    }

    byte[] keyArray() {
        return keyArray;
    }

    int keyOffset() {
        return keyOffset;
    }

    int keyLength() {
        return keyLength;
    }

    int type() {
        return type;
    }

    boolean isText() {
        return type == STRING;
    }

    byte[] array() {
        return type == BINARY ? binaryArray : array;
    }

    int valueOffset() {
        return type == BINARY ? binaryOffset : valueOffset;
    }

    int valueLength() {
        return type == BINARY ? binaryLength : valueLength;
    }

    long number() {
        return number;
    }

    double real() {
        return real;
    }

    boolean bool() {
        return bool;
    }

    boolean keyIs(byte[] expected) {
        return Arrays.equals(
                keyArray, keyOffset, keyOffset + keyLength, expected, 0, expected.length);
    }
}
