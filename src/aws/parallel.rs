//! Many calls at once on one thread, never more than a bound.

use tokio::task::JoinSet;

/// Runs `work` on every item, at most `most` at a time, and returns the results in the items' order. `done` is told after
/// each one. An item whose work panicked has no result.
pub async fn each<T, R, F>(
    items: Vec<T>,
    most: usize,
    work: impl Fn(T) -> F,
    mut done: impl FnMut(),
) -> Vec<Option<R>>
where
    F: Future<Output = R> + Send + 'static,
    R: Send + 'static,
{
    let mut results: Vec<Option<R>> = Vec::new();
    results.resize_with(items.len(), || None);
    let mut waiting = items.into_iter().enumerate();
    let mut running = JoinSet::new();
    loop {
        while running.len() < most.max(1)
            && let Some((index, item)) = waiting.next()
        {
            let future = work(item);
            running.spawn(async move { (index, future.await) });
        }
        match running.join_next().await {
            None => return results,
            Some(Ok((index, result))) => {
                results[index] = Some(result);
                done();
            }
            Some(Err(_)) => done(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn results_are_in_order_and_the_bound_is_kept() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let (running, peak) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let mut told = 0;
        let work = |n: usize| {
            let (running, peak) = (running.clone(), peak.clone());
            async move {
                peak.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                for _ in 0..(n * 7 % 5) {
                    tokio::task::yield_now().await;
                }
                running.fetch_sub(1, Ordering::SeqCst);
                n * 2
            }
        };
        let results = runtime.block_on(each((0..50).collect(), 4, work, || told += 1));
        assert_eq!(results, (0..50).map(|n| Some(n * 2)).collect::<Vec<_>>());
        assert_eq!((told, peak.load(Ordering::SeqCst)), (50, 4));
    }
}
