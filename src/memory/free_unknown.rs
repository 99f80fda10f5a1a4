//! Where nobody can be asked.

/// Bytes that the process may still take: not known without a system.
pub fn available() -> Option<u64> {
    None
}
