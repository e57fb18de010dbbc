//! What a reader of a programme works out from it once and keeps beside it.

use std::any::Any;
use std::sync::OnceLock;

/// A place for one value that follows from the programme alone, made by whoever asks first. It is no part of what the programme says.
#[derive(Debug, Default)]
pub struct Kept(OnceLock<Box<dyn Any + Send + Sync>>);

impl Kept {
    /// The value, made now where nobody has asked before; `None` where a value of another type is kept already.
    pub fn get<T: Any + Send + Sync>(&self, make: impl FnOnce() -> T) -> Option<&T> {
        self.0.get_or_init(|| Box::new(make())).downcast_ref()
    }
}
