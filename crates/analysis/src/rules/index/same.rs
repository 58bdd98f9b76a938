//! When indexes are the same, and what one costs. It never compares expressions by meaning: only by text.

use std::cmp::Reverse;

use dbwright_model::catalog::{Collection, Index};
use dbwright_model::{Evidence, Finding, Unit};

/// The index of the table that makes this one superfluous by having the same parts and being the better one to keep.
pub(super) fn twin<'t>(table: &'t Collection, index: &Index) -> Option<&'t Index> {
    let others = table.indexes.iter().filter(|other| other.valid && other.name != index.name && same(index, other));
    others.max_by_key(|other| rank(other)).filter(|kept| rank(kept) > rank(index))
}

/// The one of the highest rank stays: what enforces something, what cannot be dropped alone, then the first name.
fn rank(index: &Index) -> (bool, bool, bool, bool, Reverse<&str>) {
    (index.constraint.is_some(), index.unique, index.replica_identity, !index.invisible, Reverse(&index.name))
}

/// Whether both hold the same entries in the same order under the same condition, whatever they enforce.
fn same(one: &Index, other: &Index) -> bool {
    let included = |index: &Index| {
        let mut names = index.included.clone();
        names.sort();
        names
    };
    one.parts == other.parts && alike(one, other) && included(one) == included(other) && one.nulls_equal == other.nulls_equal
}

/// Whether access method and condition are the same.
pub(super) fn alike(one: &Index, other: &Index) -> bool {
    one.method.eq_ignore_ascii_case(&other.method) && one.predicate == other.predicate && one.parent.is_some() == other.parent.is_some()
}

/// Adds size and use as evidence, and the size as cost.
pub(super) fn cost(finding: Finding, index: &Index) -> Finding {
    let finding = match &index.bytes {
        Some(bytes) => finding.evidence(Evidence::of("size", bytes, Unit::Bytes)).costs_bytes(bytes.value),
        None => finding,
    };
    match index.scans {
        Some(scans) => finding.evidence(Evidence::measured("scans", scans as f64, Unit::Count, "index statistics")),
        None => finding,
    }
}
