//! How large an index will be, and how high. Estimates from widths and numbers of distinct values; it never looks at rows.
//!
//! Page layout of B-trees: nbtree README and nbtsort.c (fill factor 90, inner pages 70; posting lists of at most a tenth
//! of a page when built).

use serde::Deserialize;

/// Bytes of a page.
pub const PAGE: f64 = 8192.0;
/// Bytes of a page that hold items: less header and B-tree special space.
const ROOM: f64 = PAGE - 24.0 - 16.0;

/// A column of an index.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Part {
    /// Whether it orders the index (else it is carried along).
    pub key: bool,
    /// Fixed length, or negative.
    pub length: i32,
    /// Alignment, bytes.
    pub alignment: f64,
    /// Mean width, where there are statistics.
    pub width: Option<f64>,
    /// Distinct values as PostgreSQL keeps them: negative as a share of the rows.
    pub distinct: Option<f64>,
    /// Share of NULLs.
    pub null_share: Option<f64>,
    /// Whether equal values of the type are equal byte by byte, so that entries merge.
    pub merges: bool,
}

/// Width of a value of unknown width, bytes: PostgreSQL's own guess (get_typavgwidth).
const UNKNOWN_WIDTH: f64 = 32.0;

impl Part {
    fn mean_width(&self) -> f64 {
        let full = if self.length > 0 { f64::from(self.length) } else { self.width.filter(|width| *width > 0.0).unwrap_or(UNKNOWN_WIDTH) };
        full * (1.0 - self.null_share.unwrap_or(0.0))
    }

    fn distinct_of(&self, rows: f64) -> f64 {
        match self.distinct {
            Some(share) if share < 0.0 => -share * rows,
            Some(count) if count > 0.0 => count,
            _ => (rows / 10.0).min(200.0),
        }
    }
}

/// Pages of an index of an access method over so many rows of a table with so many pages; of a B-tree its height too.
#[must_use]
pub fn index(method: &str, rows: f64, table_pages: f64, parts: &[Part], unique: bool) -> (u64, Option<u32>) {
    let rows = rows.max(0.0);
    let width: f64 = parts.iter().map(Part::mean_width).sum();
    match method {
        "btree" => {
            let leaves = leaves(rows, parts, unique);
            let levels = levels(leaves, parts, Origin::Built);
            let inner: f64 = (1..=levels).map(|level| (leaves / fan_out(parts).powi(level.cast_signed())).ceil()).sum();
            ((leaves + inner) as u64 + 1, Some(levels))
        }
        "hash" => ((rows * 20.0 / (PAGE * 0.75)).ceil() as u64 + 2, None),
        // Ranges of 128 pages, the smallest and the largest value of each.
        "brin" => (3 + ((table_pages / 128.0).ceil() * (16.0 + 2.0 * width) / ROOM).ceil() as u64, None),
        // Keys once, six bytes and less a row and element: how many elements a value has is unknown, so a rough figure.
        "gin" => ((rows * width.max(8.0) * 0.6 / ROOM).ceil() as u64 + 2, None),
        _ => ((rows * (width + 24.0) / (ROOM * 0.7)).ceil() as u64 + 1, None),
    }
}

/// How a B-tree came to be: inner pages are filled to 70 % when it is built, but the root of one that grew by inserts is
/// split only when it is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Built over existing rows.
    Built,
    /// There from the start, as keys are.
    Grown,
}

/// Height of a B-tree with so many pages in all.
#[must_use]
pub fn levels_of_pages(pages: f64, parts: &[Part], origin: Origin) -> u32 {
    levels((pages - 1.0) * (1.0 - 1.0 / fan_out(parts)), parts, origin)
}

fn aligned(bytes: f64, to: f64) -> f64 {
    (bytes / to).ceil() * to
}

/// Bytes of a tuple without its line pointer.
fn tuple(parts: &[Part]) -> f64 {
    let nullable = parts.iter().any(|part| part.null_share.is_some_and(|share| share > 0.5));
    let start = if nullable { 16.0 } else { 8.0 };
    let data = parts.iter().fold(0.0, |at, part| {
        let at = if part.length > 0 { aligned(at, part.alignment) } else { at };
        at + part.mean_width()
    });
    aligned(start + data, 8.0)
}

fn leaves(rows: f64, parts: &[Part], unique: bool) -> f64 {
    let single = tuple(parts);
    let merges = !unique && parts.iter().all(|part| part.key && part.merges);
    let keys = parts.iter().filter(|part| part.key).fold(1.0_f64, |product, part| (product * part.distinct_of(rows)).min(rows.max(1.0)));
    let repeats = rows / keys.max(1.0);
    let bytes = if merges && repeats > 1.5 {
        let most = (((PAGE / 10.0 / 8.0).floor() * 8.0 - 4.0 - single) / 6.0).floor().max(1.0);
        let lists = (repeats / most).ceil();
        keys * lists * (aligned(single + 6.0 * repeats / lists, 8.0) + 4.0)
    } else {
        rows * (single + 4.0)
    };
    let room = ROOM - (PAGE * 0.1).floor() - single - 4.0;
    (bytes / room).ceil().max(1.0)
}

/// Downlinks of an inner page.
fn fan_out(parts: &[Part]) -> f64 {
    let keys: Vec<Part> = parts.iter().filter(|part| part.key).cloned().collect();
    (ROOM * 0.7 / (tuple(&keys) + 4.0)).floor().max(2.0)
}

fn levels(leaves: f64, parts: &[Part], origin: Origin) -> u32 {
    let fan_out = fan_out(parts);
    let root = if origin == Origin::Grown { fan_out / 0.7 } else { fan_out };
    let (mut below_root, mut levels) = (1.0, u32::from(leaves > 1.0));
    while below_root * root < leaves && levels < 10 {
        below_root *= fan_out;
        levels += 1;
    }
    levels
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(length: i32, distinct: f64) -> Part {
        let width = Some(f64::from(length));
        Part { key: true, length, alignment: f64::from(length), width, distinct: Some(distinct), null_share: Some(0.0), merges: true }
    }

    #[test]
    fn agrees_with_indexes_that_were_built() {
        // PostgreSQL 15: 6,000,000 distinct int8 give 16,452 pages with three levels in all; 1,500,000 give 4,116.
        let (pages, levels) = index("btree", 6_000_000.0, 0.0, &[part(8, -1.0)], true);
        assert!((16_300..16_700).contains(&pages) && levels == Some(2), "{pages} {levels:?}");
        let (pages, _) = index("btree", 1_500_000.0, 0.0, &[part(8, -1.0)], false);
        assert!((4_050..4_200).contains(&pages), "{pages}");
        // Seven distinct int4 over 6,000,000 rows merge into posting lists: 5,085 pages.
        let (pages, _) = index("btree", 6_000_000.0, 0.0, &[part(4, 7.0)], false);
        assert!((4_900..5_300).contains(&pages), "{pages}");
    }

    #[test]
    fn a_root_that_grew_is_fuller() {
        // PostgreSQL 15: 120,000 ascending int8 inserted into a key make 330 pages and one level above the leaves; built
        // over the rows they make two.
        let height = |origin| levels_of_pages(330.0, &[part(8, -1.0)], origin);
        assert_eq!((height(Origin::Grown), height(Origin::Built)), (1, 2));
    }

    #[test]
    fn an_empty_index_is_a_page_or_two() {
        assert_eq!(index("btree", 0.0, 0.0, &[part(4, 0.0)], true), (2, Some(0)));
        assert_eq!(index("brin", 0.0, 0.0, &[part(4, 0.0)], false).0, 3);
    }
}
