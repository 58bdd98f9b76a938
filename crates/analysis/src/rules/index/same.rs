//! When indexes are the same, and what one costs. It never compares expressions by meaning: only by text.

use dbwright_model::catalog::Index;
use dbwright_model::{Evidence, Finding, Unit};

/// Whether both hold the same entries in the same order under the same condition, whatever they enforce.
pub(super) fn same(one: &Index, other: &Index) -> bool {
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
