//! A preview as a caller sees it: pages added up, then said as text or as a page.

mod ask;
mod html;
mod text;

pub(crate) use ask::{Seen, whole};
pub(crate) use html::page;
pub(crate) use text::text;
