//! Time that a busy machine does not lengthen.

use std::fs;
use std::time::{Duration, Instant};

/// The CPU time of this thread since a moment; where the system does not report it, the time on the clock.
pub struct Clock {
    begin: Instant,
    used: Option<Duration>,
}

impl Clock {
    pub fn start() -> Self {
        Clock {
            begin: Instant::now(),
            used: used(),
        }
    }

    pub fn elapsed(&self) -> Duration {
        match (used(), self.used) {
            (Some(now), Some(before)) => now.saturating_sub(before),
            _ => self.begin.elapsed(),
        }
    }
}

/// The CPU time of this thread.
fn used() -> Option<Duration> {
    let text = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanoseconds = text.split(' ').next()?.parse().ok()?;
    Some(Duration::from_nanos(nanoseconds))
}
