//! The theory of normal forms over sets of columns: closures, covers, keys, normal forms, decompositions and their proofs.
//!
//! Never looks at rows, but for [`check_mvd`] and [`discover_mvds`]: what is given as a dependency is taken as meant. Give it the dependencies
//! that somebody stands behind; the thousands that a table happens to satisfy make no design.

mod chase;
mod closure;
mod decompose;
mod keys;
mod multivalued;
mod normal_form;

pub use chase::{is_lossless, lost_dependencies};
pub use closure::{Closure, minimal_cover};
pub use decompose::{Decomposition, Relation, decompose_bcnf, synthesize_3nf};
pub use keys::{Keys, candidate_keys, shrink_to_key};
pub use multivalued::{Mvd, MvdCheck, check_mvd, discover_mvds};
pub use normal_form::{Assessment, NormalForm, Violation, assess};

#[cfg(test)]
mod tests;
