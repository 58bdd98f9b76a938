//! Records of drills for people: phases as a timeline, loss and downtime under each fault, planted faults and what noticed
//! them. It shows a record as it stands and never judges one.

mod terminal;

pub use terminal::{record, records};
