//! The threads, and how work is spread over them: in pieces that do not depend on how many there are.

use rayon::prelude::*;

use crate::cpu::error::NetworkError;

/// Below so many operations a piece of work costs less than handing it over.
const WORTH_SHARING: usize = 1 << 16;

/// A product of lengths, such as what work costs or how much room it needs; the largest number there is
/// where it is more, which no slice is as long as.
pub(crate) fn product<const N: usize>(factors: [usize; N]) -> usize {
    factors.into_iter().fold(1, usize::saturating_mul)
}

/// Threads of a network, none besides the caller's where one is asked for.
pub(crate) struct Threads {
    pool: Option<rayon::ThreadPool>,
}

impl Threads {
    pub(crate) fn new(threads: usize) -> Result<Self, NetworkError> {
        if threads == 1 {
            return Ok(Self { pool: None });
        }
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        Ok(Self {
            pool: Some(pool.map_err(|_| NetworkError::Threads { threads })?),
        })
    }

    /// As many as the machine has; one where none can be started.
    pub(crate) fn all() -> Self {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        Self::new(threads).unwrap_or(Self { pool: None })
    }

    /// Runs something whose [`chunks`](Self::chunks) are to be shared.
    pub(crate) fn run<R: Send>(&self, work: impl FnOnce() -> R + Send) -> R {
        match &self.pool {
            Some(pool) => pool.install(work),
            None => work(),
        }
    }

    /// Calls `each` with every chunk of `data` and its place; `operations` is what all cost.
    pub(crate) fn chunks<T: Send>(
        &self,
        data: &mut [T],
        chunk: usize,
        operations: usize,
        each: impl Fn(usize, &mut [T]) + Sync + Send,
    ) {
        let chunk = chunk.max(1);
        if self.pool.is_some() && operations >= WORTH_SHARING {
            data.par_chunks_mut(chunk)
                .enumerate()
                .for_each(|(at, chunk)| each(at, chunk));
        } else {
            for (at, chunk) in data.chunks_mut(chunk).enumerate() {
                each(at, chunk);
            }
        }
    }
}
