package dev.millrace.storage.contract;

/// Everything that a store promises.
public interface StoreContract
        extends WritingContract,
                TraceContract,
                LargeTraceContract,
                VersionContract,
                ConditionSearchContract,
                AttributeSearchContract,
                TimeSearchContract,
                PagingContract,
                RandomSearchContract,
                NamesContract,
                ExpiryContract,
                DependenciesContract,
                DependencyWritingContract {}
