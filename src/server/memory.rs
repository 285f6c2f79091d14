//! Memory that a crowd of connections needed goes back to the system once they have left.

use std::cell::Cell;
use std::rc::Rc;

/// So many leave enough behind.
const MANY: usize = 100;
const FEW: usize = 10;

/// How many connections there are, and how many there were since memory was last given back.
#[derive(Debug, Default)]
pub struct Crowd {
    here: Cell<usize>,
    most: Cell<usize>,
}

/// One of them, until dropped.
#[derive(Debug)]
pub struct Member(Rc<Crowd>);

impl Crowd {
    pub fn enter(self: &Rc<Self>) -> Member {
        self.here.set(self.here.get() + 1);
        self.most.set(self.most.get().max(self.here.get()));
        Member(Rc::clone(self))
    }

    /// Whether a crowd has just become few, which is asked once for each.
    fn has_left(&self) -> bool {
        let left = self.most.get() >= MANY && self.here.get() <= FEW;
        if left {
            self.most.set(self.here.get());
        }
        left
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.0.here.set(self.0.here.get() - 1);
        if self.0.has_left() {
            give_back();
        }
    }
}

/// glibc keeps what was freed below anything in use, and a server that was busy once would look big for the rest of its life.
/// Takes milliseconds after a thousand connections.
///
/// Source: malloc_trim(3).
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[expect(
    unsafe_code,
    reason = "a foreign function, which may be called at any time"
)]
fn give_back() {
    // SAFETY: the signature is glibc's, and the function has no conditions.
    unsafe extern "C" {
        safe fn malloc_trim(pad: usize) -> std::ffi::c_int;
    }
    malloc_trim(0);
}

/// Other allocators give back by themselves.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn give_back() {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crowd_leaves_once() {
        let crowd = Rc::new(Crowd::default());
        let few: Vec<_> = (0..5).map(|_| crowd.enter()).collect();
        assert!(!crowd.has_left());
        let many: Vec<_> = (0..MANY).map(|_| crowd.enter()).collect();
        assert_eq!((crowd.here.get(), crowd.most.get()), (105, 105));
        drop(many);
        assert_eq!((crowd.here.get(), crowd.most.get()), (5, 10));
        drop(few);
        assert_eq!((crowd.here.get(), crowd.most.get()), (0, 10));
    }
}
