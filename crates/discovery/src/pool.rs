//! A number of threads to work on: one means none but the caller's.
//!
//! Never decides a result: the same work gives the same answer on any number of threads.

use rayon::{ThreadPool, ThreadPoolBuilder};

/// Threads for the parallel steps.
#[derive(Debug)]
pub(crate) struct Pool {
    threads: Option<ThreadPool>,
}

impl Pool {
    /// A pool of `threads` threads, 0 for one a processor. Where the system gives no thread, the caller's does the work.
    pub(crate) fn new(threads: usize) -> Self {
        let wanted = if threads == 0 { std::thread::available_parallelism().map_or(1, usize::from) } else { threads };
        if wanted == 1 {
            return Self { threads: None };
        }
        Self { threads: ThreadPoolBuilder::new().num_threads(wanted).build().ok() }
    }

    pub(crate) fn threads(&self) -> usize {
        self.threads.as_ref().map_or(1, ThreadPool::current_num_threads)
    }

    /// The results of `work` on each item, in the items' order.
    pub(crate) fn map<T: Sync, R: Send>(&self, items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
        use rayon::prelude::*;
        match &self.threads {
            None => items.iter().map(work).collect(),
            Some(pool) => pool.install(|| items.par_iter().with_max_len(1).map(&work).collect()),
        }
    }

    /// Runs something that uses rayon itself on these threads.
    pub(crate) fn run<R: Send>(&self, work: impl FnOnce() -> R + Send) -> R {
        match &self.threads {
            None => work(),
            Some(pool) => pool.install(work),
        }
    }
}
