//! What a statement answered, small enough to compare answers of any size: a multiset of rows, and the sequence of the
//! columns that ORDER BY names. It never keeps a value.
//!
//! A row's hash is 128 bits of xxHash3 over its cells; the multiset is the sum of its rows' hashes, so that neither order
//! nor number of rows costs memory. It stands against chance, not against an attacker who picks the rows.
//!
//! Sums of floating point numbers depend on the order in which a plan adds. Floats therefore count by nine significant
//! digits, and since two nearly equal numbers may lie on both sides of a rounding's edge, a second multiset is kept whose
//! edges lie elsewhere: answers are equal when either agrees.

use xxhash_rust::xxh3::Xxh3;

/// A cell of a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cell<'a> {
    /// NULL.
    Null,
    /// Anything that is compared byte by byte.
    Bytes(&'a [u8]),
    /// A whole number.
    Integer(i64),
    /// A floating point number.
    Float(f64),
}

/// A key of ORDER BY, as the text names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderKey {
    /// `ORDER BY 2`: the column's number, from 1.
    Position(usize),
    /// The name of a column of the answer.
    Name(String),
    /// An expression: its values can't be found in the answer.
    Expression,
}

/// An answer in short.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Digest {
    /// Number of columns.
    pub columns: usize,
    /// Rows returned; of a statement that writes, rows changed.
    pub rows: u64,
    multisets: [u128; 2],
    sequences: [u128; 2],
    /// How many of the leading order keys could be found among the columns.
    pub keys_found: usize,
}

impl Digest {
    /// A statement that returned no rows but changed some.
    #[must_use]
    pub fn changed(rows: u64) -> Self {
        Self { rows, ..Self::default() }
    }

    /// Whether both hold the same rows equally often.
    #[must_use]
    pub fn same_rows(&self, other: &Self) -> bool {
        self.columns == other.columns && self.rows == other.rows && either(self.multisets, other.multisets)
    }

    /// Whether the order keys that were found run through the same values.
    #[must_use]
    pub fn same_order(&self, other: &Self) -> bool {
        self.keys_found == other.keys_found && (self.keys_found == 0 || either(self.sequences, other.sequences))
    }
}

fn either(a: [u128; 2], b: [u128; 2]) -> bool {
    a[0] == b[0] || a[1] == b[1]
}

/// Takes rows one by one.
#[derive(Debug)]
pub struct Digester {
    digest: Digest,
    keys: Vec<usize>,
}

impl Digester {
    /// For an answer with columns of these names, ordered by these keys.
    #[must_use]
    pub fn new(columns: &[&str], order: &[OrderKey]) -> Self {
        let place = |key: &OrderKey| match key {
            OrderKey::Position(number) => number.checked_sub(1).filter(|at| *at < columns.len()),
            OrderKey::Name(name) => columns.iter().position(|column| column.eq_ignore_ascii_case(name)),
            OrderKey::Expression => None,
        };
        let keys: Vec<usize> = order.iter().map_while(place).collect();
        Self { digest: Digest { columns: columns.len(), keys_found: keys.len(), ..Digest::default() }, keys }
    }

    /// Takes a row.
    pub fn row(&mut self, cells: &[Cell<'_>]) {
        self.digest.rows += 1;
        for variant in 0..2 {
            let whole = hash(cells.iter().copied(), variant, 0);
            self.digest.multisets[variant] = self.digest.multisets[variant].wrapping_add(whole);
            if !self.keys.is_empty() {
                let keys = self.keys.iter().filter_map(|at| cells.get(*at).copied());
                self.digest.sequences[variant] = hash(keys, variant, self.digest.sequences[variant]);
            }
        }
    }

    /// The answer in short.
    #[must_use]
    pub fn finish(self) -> Digest {
        self.digest
    }
}

fn hash<'a>(cells: impl Iterator<Item = Cell<'a>>, variant: usize, before: u128) -> u128 {
    let mut hasher = Xxh3::new();
    hasher.update(&before.to_le_bytes());
    for cell in cells {
        match cell {
            Cell::Null => hasher.update(&[0]),
            Cell::Bytes(bytes) => {
                hasher.update(&[1]);
                hasher.update(&(bytes.len() as u64).to_le_bytes());
                hasher.update(bytes);
            }
            Cell::Integer(value) => {
                hasher.update(&[2]);
                hasher.update(&value.to_le_bytes());
            }
            Cell::Float(value) => {
                hasher.update(&[3]);
                hasher.update(&rounded(value, variant).to_bits().to_le_bytes());
            }
        }
    }
    hasher.digest128()
}

/// Nine significant digits; the second variant rounds at edges that lie half a step away.
fn rounded(value: f64, variant: usize) -> f64 {
    if !value.is_finite() || value == 0.0 {
        // All zeros are one, and all that are no number.
        return if value == 0.0 {
            0.0
        } else if value.is_nan() {
            f64::NAN
        } else {
            value
        };
    }
    let step = 10_f64.powi(value.abs().log10().floor() as i32 - 8);
    let shift = if variant == 0 { 0.0 } else { 0.5 };
    ((value / step + shift).round() - shift) * step
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(rows: &[[Cell<'_>; 2]], order: &[OrderKey]) -> Digest {
        let mut digester = Digester::new(&["id", "total"], order);
        for row in rows {
            digester.row(row);
        }
        digester.finish()
    }

    #[test]
    fn order_counts_only_where_it_was_asked_for() {
        let (one, two) = ([Cell::Integer(1), Cell::Null], [Cell::Integer(2), Cell::Bytes(b"x")]);
        let by_id = [OrderKey::Name("ID".into())];
        let (forward, backward) = (digest(&[one, two], &by_id), digest(&[two, one], &by_id));
        assert!(forward.same_rows(&backward) && !forward.same_order(&backward));
        assert!(digest(&[one, two], &[]).same_order(&digest(&[two, one], &[])));
        assert!(!forward.same_rows(&digest(&[one, one], &by_id)) && !forward.same_rows(&digest(&[one], &by_id)));
        // Behind an expression nothing is known of the order any more.
        assert_eq!(digest(&[one], &[OrderKey::Position(2), OrderKey::Expression, OrderKey::Position(1)]).keys_found, 1);
    }

    #[test]
    fn ties_may_stand_in_any_order() {
        let (a, b) = ([Cell::Integer(1), Cell::Bytes(b"a")], [Cell::Integer(1), Cell::Bytes(b"b")]);
        let order = [OrderKey::Position(1)];
        assert!(digest(&[a, b], &order).same_order(&digest(&[b, a], &order)));
    }

    #[test]
    fn floats_are_equal_when_they_nearly_are() {
        let sum = |values: &[f64]| values.iter().sum::<f64>();
        let (up, down) = (sum(&[0.1, 0.2, 0.3, 1e9]), sum(&[1e9, 0.3, 0.2, 0.1]));
        let row = |value: f64| digest(&[[Cell::Integer(1), Cell::Float(value)]], &[]);
        assert!(row(up).same_rows(&row(down)));
        // On the edge of a rounding the shifted variant decides.
        assert!(row(1.000_000_005).same_rows(&row(1.000_000_005_000_000_2)));
        assert!(!row(1.0).same_rows(&row(1.000_000_1)));
        assert!(row(0.0).same_rows(&row(-0.0)) && row(f64::NAN).same_rows(&row(-f64::NAN)));
        assert!(!row(1.0).same_rows(&digest(&[[Cell::Integer(1), Cell::Integer(1)]], &[])));
    }
}
