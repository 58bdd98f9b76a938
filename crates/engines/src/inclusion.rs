//! Which columns look like references that nobody declared: those whose name points at another table's key.
//! It never looks at a row: whether the values occur there is for each driver to find out.

use dbwright_model::catalog::{Catalog, Collection, Field, TypeFamily};

/// Pairs looked up at most.
pub(crate) const PAIRS: usize = 2_000;
/// Share of rows without partner above which the name alone misled.
pub(crate) const STRAY_SHARE: f64 = 0.1;

/// A column that may refer, and the key it may refer to.
pub(crate) type Pair<'a> = (&'a Collection, &'a Field, &'a Collection, String);

/// Pairs whose names say that one refers to the other.
pub(crate) fn candidates(catalog: &Catalog) -> Vec<Pair<'_>> {
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
