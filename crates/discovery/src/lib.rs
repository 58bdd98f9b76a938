//! Dependencies that hold in data, and what follows from them: functional, unique and inclusion dependencies, and the theory of normal forms.
//!
//! Everything here is a function of columns and sets. This crate never opens a connection, reads no clock and decides
//! nothing about anybody's schema: it says what holds, how surely, and which rows show it.

mod agree;
mod approximate;
pub mod attributes;
pub mod evidence;
pub mod fd;
mod hitting;
pub mod ind;
mod limits;
mod partition;
mod pool;
pub mod profile;
pub mod rank;
mod sample;
mod search;
pub mod table;
pub mod theory;
pub mod ucc;
mod validate;

pub use attributes::{AttributeSet, MAX_COLUMNS};
pub use evidence::{FdCheck, Redundancy, Witness, check_fd, redundancy};
pub use fd::{Fd, FdOptions, FdResult, Method, discover_fds};
pub use ind::{ColumnRef, Ind, IndOptions, IndResult, discover_inds};
pub use limits::Cancel;
pub use profile::{NearMiss, Profile, ProfileOptions, profile};
pub use rank::{Likelihood, RankOptions, Ranked, Ranking, rank};
pub use table::{CsvOptions, NullRule, NullSemantics, Table, TableBuilder, TableError};
pub use ucc::{UccResult, discover_uccs};
