//! Which columns look like references that nobody declared: those whose name points at another table's key.
//! It never looks at a row: whether the values occur there is for each driver to find out.

use dbwright_model::catalog::{Catalog, Collection, Field, TypeFamily};

/// Pairs looked up at most.
pub(crate) const PAIRS: usize = 2_000;
/// Share of rows without partner above which the name alone misled.
pub(crate) const STRAY_SHARE: f64 = 0.1;

/// A column that may refer, and the key it may refer to.
pub(crate) type Pair<'a> = (&'a Collection, &'a Field, &'a Collection, String);

/// A key of one column that others may refer to, with its names taken apart once for all comparisons.
struct Target<'a> {
    table: &'a Collection,
    table_words: Words,
    key: String,
    key_words: Words,
}

/// Pairs whose names say that one refers to the other.
pub(crate) fn candidates(catalog: &Catalog) -> Vec<Pair<'_>> {
    let targets: Vec<Target<'_>> = catalog.tables().flat_map(targets).collect();
    let mut pairs: Vec<Pair<'_>> = Vec::new();
    for table in catalog.tables() {
        for column in table.fields.iter().filter(|field| may_refer(table, field)) {
            let words = Words::of(&column.name);
            let mut last: Option<&Collection> = None;
            for target in targets.iter().filter(|target| points_at(table, column, &words, target)) {
                // Of a table's keys, which stand together, the first that the name fits is enough.
                if !last.is_some_and(|found| std::ptr::eq(found, target.table)) {
                    pairs.push((table, column, target.table, target.key.clone()));
                    last = Some(target.table);
                }
            }
        }
    }
    pairs
}

fn targets(table: &Collection) -> impl Iterator<Item = Target<'_>> {
    let keys = single_keys(table).into_iter();
    keys.map(|key| Target { table, table_words: Words::of(&table.name.name), key_words: Words::of(&key), key })
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
fn points_at(table: &Collection, column: &Field, words: &Words, target: &Target<'_>) -> bool {
    let (all, key) = (words.0.as_slice(), target.key_words.0.as_slice());
    let base = match (all.strip_suffix(key), all.strip_prefix(key)) {
        (Some(base), _) if !base.is_empty() => base,
        (_, Some(base)) if !base.is_empty() => base,
        _ => return key.len() > 1 && all == key && table.name != target.table.name,
    };
    if table.name == target.table.name {
        return key.len() == 1
            && matches!(base, [(word, _)] if word == "parent")
            && all.first() == base.first()
            && column.name != target.key;
    }
    let named = target.table_words.0.as_slice();
    // `order_id` may also point at `customer_order` or `shop_orders`: the last word names the thing.
    ends(base, named) || (base.len() == 1 && named.len() > 1 && ends(base, &named[named.len() - 1..]))
}

/// Whether `base` ends with all words of `named`.
fn ends(base: &[Word], named: &[Word]) -> bool {
    base.len() >= named.len() && base[base.len() - named.len()..].iter().zip(named).all(|(ours, theirs)| same_word(ours, theirs))
}

/// A word in small letters, and the same without its English plural.
type Word = (String, String);

/// The words of a name: parted at `_`, `-`, blanks and where small letters turn to capitals.
struct Words(Vec<Word>);

impl Words {
    fn of(name: &str) -> Self {
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
        Self(words.into_iter().map(|word| (word.clone(), singular(&word))).collect())
    }
}

/// Equal but for an English plural.
fn same_word(ours: &Word, theirs: &Word) -> bool {
    ours.0 == theirs.0 || ours.1 == theirs.1 || ours.1 == theirs.0 || ours.0 == theirs.1
}

fn singular(word: &str) -> String {
    if let Some(stem) = word.strip_suffix("ies") {
        return format!("{stem}y");
    }
    for ending in ["sses", "shes", "ches", "xes", "zes"] {
        if word.ends_with(ending) {
            return word[..word.len() - 2].to_owned();
        }
    }
    if word.ends_with("ss") || word.ends_with("us") { word.to_owned() } else { word.strip_suffix('s').unwrap_or(word).to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dbwright_model::ObjectName;

    fn points(table: &str, column: &str, target: &str, key: &str) -> bool {
        let named = |name: &str| Collection { name: ObjectName::bare(name), ..Collection::default() };
        let (table, other) = (named(table), named(target));
        let target = Target { table: &other, table_words: Words::of(target), key: key.to_owned(), key_words: Words::of(key) };
        points_at(&table, &Field { name: column.to_owned(), ..Field::default() }, &Words::of(column), &target)
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
