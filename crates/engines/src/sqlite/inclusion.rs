//! References that hold in the data though nobody declared them: columns whose name points at another table's key and
//! whose values occur there. It never proposes a pair on values alone: small numbers are included in everything.

use dbwright_model::catalog::{Catalog, Collection, Field, TypeFamily};
use dbwright_model::facts::Inclusion;

use super::reader::{Reader, plain, quoted};
use crate::options::ReadRows;

/// Pairs looked up at most.
const PAIRS: usize = 2_000;
/// Share of rows without partner above which the name alone misled.
const STRAY_SHARE: f64 = 0.1;

/// Looks for inclusions; gives the gaps.
pub(super) fn read(reader: &Reader, catalog: &Catalog, rows: ReadRows, found: &mut Vec<Inclusion>) -> Vec<String> {
    let mut gaps = Vec::new();
    let pairs = candidates(catalog);
    if pairs.len() > PAIRS {
        gaps.push(format!("{} pairs of columns could be references, the first {PAIRS} were looked up", pairs.len()));
    }
    for (table, column, target, target_column) in pairs.into_iter().take(PAIRS) {
        match look_up(reader, table, column, target, &target_column, rows) {
            Ok(inclusion) => found.extend(inclusion),
            Err(error) => gaps.push(format!("{}({}): {}", table.name, column.name, plain(&error))),
        }
    }
    gaps
}

type Pair<'a> = (&'a Collection, &'a Field, &'a Collection, String);

fn candidates(catalog: &Catalog) -> Vec<Pair<'_>> {
    let keyed: Vec<(&Collection, Vec<String>)> =
        catalog.tables().map(|table| (table, single_keys(table))).filter(|(_, keys)| !keys.is_empty()).collect();
    let mut pairs = Vec::new();
    for table in catalog.tables() {
        for column in table.fields.iter().filter(|field| may_refer(table, field)) {
            for (target, keys) in &keyed {
                if let Some(key) = keys.iter().find(|key| points_at(table, column, target, key)) {
                    pairs.push((table, column, *target, key.clone()));
                }
            }
        }
    }
    pairs
}

fn single_keys(table: &Collection) -> Vec<String> {
    let single = |key: &&dbwright_model::catalog::Key| key.columns.len() == 1;
    let mut keys: Vec<String> = table.keys.iter().filter(single).map(|key| key.columns[0].clone()).collect();
    let indexes = table.indexes.iter().filter(|index| index.unique && index.predicate.is_none() && index.parts.len() == 1);
    keys.extend(indexes.filter_map(|index| index.parts[0].column.clone()));
    keys.dedup();
    keys
}

fn may_refer(table: &Collection, field: &Field) -> bool {
    let declared = table.references.iter().any(|reference| reference.columns.contains(&field.name));
    let own_key = table.primary_key().is_some_and(|key| key.columns == [field.name.clone()] && field.identity);
    let kind = matches!(field.family, TypeFamily::Integer | TypeFamily::Text | TypeFamily::Uuid | TypeFamily::Other | TypeFamily::Decimal);
    !declared && !own_key && kind && field.generated.is_none()
}

/// Whether the column's name says that it holds the target's key: `customer_id`, `customerId`, `id_customer`,
/// `customer_code` for the key `code`, `billing_customer_id`, `parent_id` of the same table, or the key's own name
/// when that names more than any key (`order_no`, not `id`).
fn points_at(table: &Collection, column: &Field, target: &Collection, key: &str) -> bool {
    let same_table = table.name == target.name;
    if same_table && column.name == key {
        return false;
    }
    let words = words(&column.name);
    let key_words = self::words(key);
    if same_table {
        return key_words.len() == 1 && words.len() == 2 && words[0] == "parent" && words[1] == key_words[0];
    }
    if key_words.len() > 1 && words == key_words {
        return true;
    }
    let base: &[String] = match (words.strip_suffix(key_words.as_slice()), words.strip_prefix(key_words.as_slice())) {
        (Some(base), _) if !base.is_empty() => base,
        (_, Some(base)) if !base.is_empty() => base,
        _ => return false,
    };
    let target_words = self::words(&target.name.name);
    let ends = |base: &[String], target: &[String]| {
        base.len() >= target.len() && base[base.len() - target.len()..].iter().zip(target).all(|(ours, theirs)| same_word(ours, theirs))
    };
    // `order_id` may also point at `customer_order` or `shop_orders`: the last word names the thing.
    ends(base, &target_words) || (base.len() == 1 && target_words.len() > 1 && ends(base, &target_words[target_words.len() - 1..]))
}

/// The words of a name, in small letters: at `_`, `-`, blanks and where small letters turn to capitals.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut small = false;
    for letter in name.chars() {
        if !letter.is_alphanumeric() || (letter.is_uppercase() && small) {
            words.push(String::new());
        }
        small = letter.is_lowercase() || letter.is_numeric();
        if letter.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.extend(letter.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Equal but for an English plural.
fn same_word(ours: &str, theirs: &str) -> bool {
    let singular = |word: &str| {
        if let Some(stem) = word.strip_suffix("ies") {
            return format!("{stem}y");
        }
        for ending in ["sses", "shes", "ches", "xes", "zes"] {
            if word.ends_with(ending) {
                return word[..word.len() - 2].to_owned();
            }
        }
        if word.ends_with("ss") || word.ends_with("us") { word.to_owned() } else { word.strip_suffix('s').unwrap_or(word).to_owned() }
    };
    ours == theirs || singular(ours) == singular(theirs) || singular(ours) == theirs || ours == singular(theirs)
}

fn look_up(
    reader: &Reader,
    table: &Collection,
    column: &Field,
    target: &Collection,
    key: &str,
    rows: ReadRows,
) -> rusqlite::Result<Option<Inclusion>> {
    let child = quoted(&column.name);
    let source = match rows {
        ReadRows::Sample(limit) => format!("(SELECT {child} FROM {} LIMIT {limit})", quoted(&table.name.name)),
        _ => quoted(&table.name.name),
    };
    // Texts that are numbers must find integers, as in a join on `CAST`: a wrong type is no orphan.
    let sql = format!(
        "SELECT sum(n), count(*), sum(CASE WHEN EXISTS (SELECT 1 FROM {} AS p WHERE p.{} = +v) THEN 0 ELSE n END) \
         FROM (SELECT {child} AS v, count(*) AS n FROM {source} WHERE {child} IS NOT NULL GROUP BY 1)",
        quoted(&target.name.name),
        quoted(key)
    );
    let count = |row: &rusqlite::Row<'_>, index| row.get::<_, Option<i64>>(index).map(|value| value.unwrap_or(0).unsigned_abs());
    let (checked, distinct, orphans) = reader.one(&sql, [], |row| Ok((count(row, 0)?, count(row, 1)?, count(row, 2)?)))?;
    if checked == 0 || orphans as f64 > checked as f64 * STRAY_SHARE {
        return Ok(None);
    }
    let (table, target) = (table.name.clone(), target.name.clone());
    Ok(Some(Inclusion { table, column: column.name.clone(), target, target_column: key.to_owned(), checked, orphans, distinct }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use dbwright_model::ObjectName;

    fn points(table: &str, column: &str, target: &str, key: &str) -> bool {
        let named = |name: &str| Collection { name: ObjectName::bare(name), ..Collection::default() };
        points_at(&named(table), &Field { name: column.to_owned(), ..Field::default() }, &named(target), key)
    }

    #[test]
    fn names_point_at_keys() {
        assert!(points("orders", "customer_id", "customers", "id"));
        assert!(points("orders", "billingCustomerId", "customer", "id"));
        assert!(points("shipment", "order_id", "customer_order", "id"));
        assert!(points("city", "country_code", "countries", "code"));
        assert!(points("line", "order_no", "orders", "order_no"));
        assert!(points("node", "parent_id", "node", "id"));
        assert!(points("x", "id_box", "boxes", "id"));
    }

    #[test]
    fn names_that_say_nothing_point_nowhere() {
        assert!(!points("orders", "id", "customers", "id"));
        assert!(!points("orders", "paid", "customers", "id"));
        assert!(!points("orders", "name", "customers", "name"));
        assert!(!points("orders", "customer_id", "suppliers", "id"));
        assert!(!points("orders", "customer_name", "customers", "id"));
    }
}
