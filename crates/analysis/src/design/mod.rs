//! Designs: what should be changed as a whole, chosen jointly. It never talks to a database: where an engine has to be
//! asked, a design says what it wants to know and is told.

pub mod indexes;
pub mod normal_forms;
