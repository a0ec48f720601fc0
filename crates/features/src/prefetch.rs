//! `Prefetch`: the next items of an iterator are made on another thread while the caller works on this one.
//!
//! ```text
//! worker   read 1 · read 2 · read 3 ·  (waits: depth 2)  · read 4 …
//! caller            learn 1 ─────────────── learn 2 ─────────────── …
//! ```
//!
//! The items and their order are those of the iterator.

use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::{Builder, JoinHandle};

use crate::error::Error;

/// An iterator whose items are made on another thread, ahead of their use.
///
/// A panic of the worker is raised again where the item would have come, or when the `Prefetch` is dropped.
#[derive(Debug)]
pub struct Prefetch<T> {
    /// None once the items have ended.
    items: Option<Receiver<T>>,
    worker: Option<JoinHandle<()>>,
}

impl<T: Send + 'static> Prefetch<T> {
    /// Starts to make items; at most `depth` of them wait for the caller, and one more is in the making.
    ///
    /// # Errors
    /// [`Error::Thread`] if the system gives no thread.
    pub fn new(iterator: impl Iterator<Item = T> + Send + 'static, depth: usize) -> Result<Self, Error> {
        let (sender, items) = sync_channel(depth);
        let make = move || {
            for item in iterator {
                // Nobody waits for it any more.
                if sender.send(item).is_err() {
                    return;
                }
            }
        };
        let worker =
            Builder::new().name("prefetch".to_owned()).spawn(make).map_err(|source| Error::Thread { source })?;
        Ok(Self { items: Some(items), worker: Some(worker) })
    }
}

impl<T> Prefetch<T> {
    /// Ends the worker and raises its panic again.
    fn end(&mut self) {
        // Without a receiver the worker stops at its next item.
        self.items = None;
        if let Some(Err(panic)) = self.worker.take().map(JoinHandle::join)
            && !std::thread::panicking()
        {
            std::panic::resume_unwind(panic);
        }
    }
}

impl<T> Iterator for Prefetch<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        let item = self.items.as_ref()?.recv().ok();
        if item.is_none() {
            self.end();
        }
        item
    }
}

impl<T> Drop for Prefetch<T> {
    fn drop(&mut self) {
        self.end();
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn items_and_their_order_are_those_of_the_iterator() -> Result<(), Error> {
        for depth in [0, 1, 7, 100] {
            let mut items = Prefetch::new(0..50, depth)?;
            assert_eq!(items.by_ref().collect::<Vec<_>>(), (0..50).collect::<Vec<_>>());
            assert_eq!(items.next(), None, "and none after the end");
        }
        Ok(())
    }

    #[test]
    fn an_error_is_an_item_like_any_other() -> Result<(), Error> {
        let items: Vec<Result<u32, &str>> = Prefetch::new([Ok(1), Err("broken"), Ok(3)].into_iter(), 1)?.collect();
        assert_eq!(items, [Ok(1), Err("broken"), Ok(3)]);
        Ok(())
    }

    /// Counts the items made, and owns `alive` until its thread ends.
    struct Counted {
        made: Arc<AtomicUsize>,
        #[expect(dead_code, reason = "its count of owners is looked at")]
        alive: Arc<()>,
    }

    impl Iterator for Counted {
        type Item = usize;

        fn next(&mut self) -> Option<usize> {
            Some(self.made.fetch_add(1, Ordering::SeqCst))
        }
    }

    #[test]
    fn it_works_ahead_by_its_depth_and_no_more() -> Result<(), Error> {
        let (made, alive) = (Arc::new(AtomicUsize::new(0)), Arc::new(()));
        let items = Prefetch::new(Counted { made: made.clone(), alive: alive.clone() }, 3)?;
        let start = Instant::now();
        // Three wait and a fourth is in the making, without anyone asking.
        while made.load(Ordering::SeqCst) < 4 && start.elapsed() < Duration::from_secs(20) {
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_millis(20));
        assert_eq!(made.load(Ordering::SeqCst), 4);
        drop(items);
        assert_eq!(Arc::strong_count(&alive), 1, "its thread has ended");
        Ok(())
    }

    fn failing() -> impl Iterator<Item = u32> + Send {
        (0..3).inspect(|&i| assert!(i < 2, "the third is broken"))
    }

    fn words(panic: &(dyn std::any::Any + Send)) -> &str {
        panic.downcast_ref::<&str>().copied().unwrap_or("")
    }

    #[test]
    fn a_panic_of_the_worker_is_raised_where_its_item_would_have_come() -> Result<(), Error> {
        let mut items = Prefetch::new(failing(), 8)?;
        assert_eq!((items.next(), items.next()), (Some(0), Some(1)));
        let panic = catch_unwind(AssertUnwindSafe(|| items.next()));
        assert_eq!(panic.err().as_deref().map(words), Some("the third is broken"));
        Ok(())
    }

    #[test]
    fn a_panic_of_the_worker_is_raised_at_the_latest_when_it_is_dropped() -> Result<(), Error> {
        let items = Prefetch::new(std::iter::once_with(|| assert_eq!(1, 2, "broken")), 8)?;
        // It may be dropped before the worker began, and then must still not be lost.
        assert!(catch_unwind(AssertUnwindSafe(|| drop(items))).is_err());
        Ok(())
    }
}
