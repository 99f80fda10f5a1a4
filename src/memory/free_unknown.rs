//! The memory that is free, where nobody can be asked.

/// The number of bytes that the process may still take: not known without a system.
pub fn available() -> Option<u64> {
    None
}
