//! Records of drills for people: phases as a timeline, loss and downtime under each fault, planted faults and what noticed
//! them. It shows a record as it stands and never judges one.

mod html;
mod markdown;
mod terminal;

pub use html::html;
pub use markdown::markdown;
pub use terminal::{record, records};
