package dev.millrace.pipeline.ledger;

/// So many copies of spans came to an account.
///
/// @param reason why, where an account has several reasons; empty otherwise
/// @param copies negative where they leave the account again
public record Posting(Cell cell, Account account, String reason, long copies) {}
