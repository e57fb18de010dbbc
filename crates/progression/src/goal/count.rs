//! `count`: so many events.

use super::Progress;

pub(super) fn add(progress: &mut Progress) {
    match progress {
        Progress::Count(count) => *count = count.saturating_add(1),
        other => *other = Progress::Count(1),
    }
}

pub(super) fn take(progress: &mut Progress) {
    if let Progress::Count(count) = progress {
        *count = count.saturating_sub(1);
    }
}
