//! The language as it is written: one type for each map and each kind of value, with its reader and its JSON Schema.
//!
//! Everything here may still be wrong as a whole; [`crate::lower`] decides that.

pub(crate) mod attribute;
pub(crate) mod file;
pub(crate) mod lists;
pub(crate) mod mission;
pub(crate) mod scalars;
pub(crate) mod tier;
pub(crate) mod times;
