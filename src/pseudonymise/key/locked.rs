//! Memory for secrets: on pages of its own, locked into RAM where the system allows it, and wiped
//! in place before it is unlocked and freed.
//!
//! Locking keeps the secret out of swap. It is tried and not insisted upon: the limit on locked
//! memory (`ulimit -l`) may be zero in a container. What the compiler keeps on the stack for a
//! moment cannot be locked; core dumps are off for that reason too (see `cli::harden`).

use std::sync::{Arc, Weak};

use zeroize::{ZeroizeOnDrop, Zeroizing};

/// A page. Locks do not nest and are held by page, so that two secrets on one page would unlock
/// each other.
#[repr(align(4096))]
struct Page<T>(T);

/// A secret in locked memory.
///
/// The fields are dropped in the order in which they stand, and that order matters: the last
/// strong reference goes, which wipes the secret where it lies; the page is unlocked while it is
/// still ours; the weak reference goes, which frees the memory.
pub(super) struct Locked<T: ZeroizeOnDrop> {
    value: Arc<Page<T>>,
    _lock: Option<region::LockGuard>,
    _memory: Weak<Page<T>>,
}

impl<T: ZeroizeOnDrop> Locked<T> {
    /// Moves a secret to a locked page.
    pub(super) fn new(value: T) -> Self {
        let value = Arc::new(Page(value));
        let _lock = region::lock(Arc::as_ptr(&value), size_of::<Page<T>>()).ok();
        let _memory = Arc::downgrade(&value);
        Locked {
            value,
            _lock,
            _memory,
        }
    }

    /// The secret.
    pub(super) fn get(&self) -> &T {
        &self.value.0
    }

    /// Did the system lock the page?
    #[cfg(test)]
    pub(super) fn is_locked(&self) -> bool {
        self._lock.is_some()
    }
}

impl<const N: usize> Locked<Zeroizing<[u8; N]>> {
    /// Bytes written where they stay, so that no copy of them is left on the way; none if `fill`
    /// says that it could not.
    pub(super) fn filled(fill: impl FnOnce(&mut [u8; N]) -> bool) -> Option<Self> {
        let mut value = Arc::new(Page(Zeroizing::new([0_u8; N])));
        let _lock = region::lock(Arc::as_ptr(&value), size_of::<Page<Zeroizing<[u8; N]>>>()).ok();
        // Nobody else has a reference yet.
        let filled = Arc::get_mut(&mut value).is_some_and(|page| fill(&mut page.0));
        let _memory = Arc::downgrade(&value);
        let secret = Locked {
            value,
            _lock,
            _memory,
        };
        filled.then_some(secret)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Kilobytes of this process that are locked, as the kernel counts them.
    fn locked_kilobytes() -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").expect("proc");
        let line = status.lines().find(|l| l.starts_with("VmLck:"));
        let number = line.and_then(|l| l.split_whitespace().nth(1));
        number.expect("a number").parse().expect("a number")
    }

    #[test]
    fn a_secret_lies_on_a_locked_page_of_its_own() {
        // Other tests of this process lock pages too, so that many are taken at once.
        let many: Vec<_> = (0..64_u8)
            .filter_map(|i| {
                Locked::<Zeroizing<[u8; 32]>>::filled(|b| {
                    b.fill(i);
                    true
                })
            })
            .collect();
        assert_eq!(many.len(), 64);
        for (i, secret) in (0..64_u8).zip(&many) {
            assert_eq!(**secret.get(), [i; 32]);
            assert_eq!(Arc::as_ptr(&secret.value).addr() % 4096, 0);
        }
        if many.iter().all(Locked::is_locked) {
            let with = locked_kilobytes();
            assert!(with >= 64 * 4, "{with} kB");
            drop(many);
            let without = locked_kilobytes();
            assert!(without + 32 * 4 <= with, "{without} of {with} kB");
        }
    }

    #[test]
    fn a_secret_is_wiped_when_it_goes() {
        /// Tells where it stood and what stood there when it was wiped.
        struct Watched(Zeroizing<Vec<u8>>, Arc<std::sync::Mutex<Vec<u8>>>);
        impl Drop for Watched {
            fn drop(&mut self) {
                use zeroize::Zeroize;
                self.0.zeroize();
                self.1.lock().expect("one thread").push(self.0.len() as u8);
            }
        }
        impl ZeroizeOnDrop for Watched {}
        let told = Arc::new(std::sync::Mutex::new(Vec::new()));
        let secret = Locked::new(Watched(Zeroizing::new(vec![7; 32]), told.clone()));
        assert_eq!(secret.get().0.len(), 32);
        assert!(told.lock().expect("one thread").is_empty());
        drop(secret);
        assert_eq!(*told.lock().expect("one thread"), [0]);
    }
}
