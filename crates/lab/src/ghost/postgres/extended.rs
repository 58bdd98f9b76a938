//! Statistics over several columns in the form that PostgreSQL keeps: what pg_stats_ext prints, as the bytes of
//! pg_ndistinct, pg_dependencies and pg_mcv_list. It never talks to a server.
//!
//! Layouts: mvdistinct.c, dependencies.c and mcv.c (unchanged from version 12 to 18), all numbers in the machine's order.

use std::collections::BTreeMap;

const DISTINCT_MAGIC: u32 = 0xA352_BFA4;
const DEPENDENCIES_MAGIC: u32 = 0xB454_9A2C;
const TYPE_BASIC: u32 = 1;

/// The bytes of pg_ndistinct (without the length word) for a text such as `{"1, 2": 33178}`. `numbers` maps the source's
/// column numbers to the ghost's.
#[must_use]
pub fn distinct(text: &str, numbers: &BTreeMap<i64, i64>) -> Option<Vec<u8>> {
    let items: BTreeMap<String, f64> = serde_json::from_str(text).ok()?;
    let mut bytes = header(DISTINCT_MAGIC, items.len())?;
    for (columns, count) in &items {
        let columns = mapped(columns.split(", "), numbers)?;
        bytes.extend_from_slice(&count.to_ne_bytes());
        bytes.extend_from_slice(&i32::try_from(columns.len()).ok()?.to_ne_bytes());
        columns.iter().for_each(|column| bytes.extend_from_slice(&column.to_ne_bytes()));
    }
    Some(bytes)
}

/// The bytes of pg_dependencies for a text such as `{"1 => 5": 1.000000, "1, 2 => 3": 0.42}`.
#[must_use]
pub fn dependencies(text: &str, numbers: &BTreeMap<i64, i64>) -> Option<Vec<u8>> {
    let items: BTreeMap<String, f64> = serde_json::from_str(text).ok()?;
    let mut bytes = header(DEPENDENCIES_MAGIC, items.len())?;
    for (columns, degree) in &items {
        let (from, to) = columns.split_once(" => ")?;
        let columns = mapped(from.split(", ").chain([to]), numbers)?;
        bytes.extend_from_slice(&degree.to_ne_bytes());
        bytes.extend_from_slice(&i16::try_from(columns.len()).ok()?.to_ne_bytes());
        columns.iter().for_each(|column| bytes.extend_from_slice(&column.to_ne_bytes()));
    }
    Some(bytes)
}

/// The source's column numbers of a statistics object, in order: those of either text.
#[must_use]
pub fn column_numbers(distinct: Option<&str>, dependencies: Option<&str>) -> Vec<i64> {
    let texts = [distinct, dependencies];
    let keys =
        texts.iter().flatten().filter_map(|text| serde_json::from_str::<BTreeMap<String, f64>>(text).ok()).flat_map(BTreeMap::into_keys);
    let mut numbers: Vec<i64> = keys
        .flat_map(|key| key.split([',', '=', '>', ' ']).filter_map(|part| part.parse().ok()).collect::<Vec<i64>>())
        .filter(|number| *number > 0)
        .collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

fn header(magic: u32, items: usize) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    for value in [magic, TYPE_BASIC, u32::try_from(items).ok()?] {
        bytes.extend_from_slice(&value.to_ne_bytes());
    }
    Some(bytes)
}

/// Expressions have negative numbers, which stay.
fn mapped<'a>(columns: impl Iterator<Item = &'a str>, numbers: &BTreeMap<i64, i64>) -> Option<Vec<i16>> {
    columns
        .map(|column| {
            let number: i64 = column.trim().parse().ok()?;
            i16::try_from(if number < 0 { number } else { *numbers.get(&number)? }).ok()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_the_ghost() {
        let text = "{\"1, 5\": 33178}";
        assert_eq!(column_numbers(Some(text), Some("{\"5 => 1\": 0.5, \"1, 7 => 5\": 1.0}")), [1, 5, 7]);
        let numbers = BTreeMap::from([(1, 1), (5, 2)]);
        let bytes = distinct(text, &numbers).unwrap();
        assert_eq!(bytes.len(), 12 + 8 + 4 + 4);
        assert_eq!(bytes[24..28], [1_i16.to_ne_bytes(), 2_i16.to_ne_bytes()].concat());
        assert_eq!(distinct("{\"1, 9\": 3}", &numbers), None);
        assert_eq!(dependencies("{\"5 => 1\": 0.5}", &numbers).unwrap().len(), 12 + 8 + 2 + 4);
    }

    #[test]
    fn nonsense_is_nothing() {
        assert_eq!(distinct("nonsense", &BTreeMap::new()), None);
        assert_eq!(dependencies("{\"1\": 1}", &BTreeMap::from([(1, 1)])), None);
        assert!(column_numbers(Some("x"), None).is_empty());
    }
}
