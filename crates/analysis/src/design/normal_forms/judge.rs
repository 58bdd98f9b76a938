//! From dependencies to a normal form. It never looks at rows: the search counted them.

use std::collections::BTreeMap;

use dbwright_discovery::theory::{
    Decomposition, NormalForm, Relation, Violation, assess, decompose_bcnf, is_lossless, lost_dependencies, synthesize_3nf,
};
use dbwright_discovery::{AttributeSet, Fd, MAX_COLUMNS};
use dbwright_model::ObjectName;
use dbwright_model::catalog::{Catalog, Collection, Field, TypeFamily};
use dbwright_model::facts::{DependencySearch, Likelihood, MinedDependency};

use super::{Breach, Split, TableDesign, Tables};
use crate::rules::shared::words;

/// Candidate keys that are looked for.
const KEY_LIMIT: usize = 50;
/// Rows that must repeat before a dependency says anything about a design.
const FEWEST_REPEATS: u64 = 20;
/// Values that a determined column must have: flags and the like go along with anything.
const FEWEST_VALUES: u64 = 3;
/// Words of a column whose values name something: such a column determines the others, not they it.
const NAMING: &[&str] = &["id", "code", "key", "no", "number", "nr", "zip", "postcode", "sku", "isbn", "iban", "uuid"];

/// A table's columns by number.
struct Columns<'a> {
    table: &'a Collection,
    place: BTreeMap<&'a str, usize>,
}

impl<'a> Columns<'a> {
    fn of(table: &'a Collection) -> Self {
        let place = table.fields.iter().take(MAX_COLUMNS).enumerate().map(|(at, field)| (field.name.as_str(), at)).collect();
        Self { table, place }
    }

    fn all(&self) -> AttributeSet {
        AttributeSet::below(self.place.len())
    }

    fn set<S: AsRef<str>>(&self, names: &[S]) -> Option<AttributeSet> {
        names.iter().map(|name| self.place.get(name.as_ref()).copied()).collect()
    }

    fn names(&self, set: &AttributeSet) -> Vec<String> {
        set.iter().filter_map(|at| self.table.fields.get(at)).map(|field| field.name.clone()).collect()
    }

    fn tables(&self, decomposition: &Decomposition) -> Tables {
        let relation = |one: &Relation| (self.names(&one.attributes), self.names(&one.key));
        let lost = |fd: &Fd| (self.names(&fd.left), self.names(&AttributeSet::single(usize::from(fd.right))).concat());
        Tables {
            tables: decomposition.relations.iter().map(relation).collect(),
            lossless: decomposition.lossless,
            lost: decomposition.lost.iter().map(lost).collect(),
        }
    }

    fn fd(&self, dependency: &MinedDependency) -> Option<Fd> {
        Some(Fd { left: self.set(&dependency.left)?, right: u16::try_from(*self.place.get(dependency.right.as_str())?).ok()? })
    }
}

/// The design of one table.
pub(super) fn design<'a>(catalog: &'a Catalog, table: &'a Collection, search: &'a DependencySearch) -> TableDesign<'a> {
    let columns = Columns::of(table);
    let (meant, questions) = sort(table, search);
    let meant = one_way(table, meant);
    let mut fds: Vec<Fd> = meant.iter().filter_map(|one| columns.fd(one)).collect();
    for key in keys(&columns, search) {
        fds.extend(columns.all().minus(&key).iter().map(|right| Fd { left: key, right: right as u16 }));
    }
    let assessment = assess(&fds, &columns.all(), KEY_LIMIT);
    let breaches = assessment.violations.iter().map(|one| breach(catalog, &columns, &fds, &meant, one)).collect();
    let fourth =
        assessment.highest == NormalForm::BoyceCodd && search.multivalued_searched && search.complete && search.multivalued.is_empty();
    let highest = (search.duplicate_rows == 0).then_some(if fourth { NormalForm::Fourth } else { assessment.highest });
    let broken = |form: NormalForm| assessment.highest < form;
    TableDesign {
        table,
        search,
        keys: assessment.keys.keys.iter().map(|key| columns.names(key)).collect(),
        highest,
        breaches,
        questions,
        third: broken(NormalForm::Third).then(|| columns.tables(&synthesize_3nf(&fds, &columns.all()))),
        boyce_codd: broken(NormalForm::BoyceCodd).then(|| columns.tables(&decompose_bcnf(&fds, &columns.all()))),
    }
}

/// Declared keys that allow no NULL; else the smallest set of columns that is unique in enough rows.
fn keys(columns: &Columns<'_>, search: &DependencySearch) -> Vec<AttributeSet> {
    let table = columns.table;
    let required = |name: &String| table.field(name).is_some_and(|field| !field.nullable);
    let declared = table.keys.iter().filter(|key| key.primary || key.columns.iter().all(required)).map(|key| key.columns.clone());
    let indexes = table.indexes.iter().filter(|index| index.unique && index.predicate.is_none()).filter_map(|index| index.columns());
    let indexes = indexes.map(|names| names.into_iter().map(ToOwned::to_owned).collect::<Vec<String>>());
    let mut found: Vec<AttributeSet> =
        declared.chain(indexes.filter(|names| names.iter().all(required))).filter_map(|names| columns.set(&names)).collect();
    if found.is_empty() && search.rows >= FEWEST_REPEATS {
        found.extend(search.keys.iter().find_map(|names| columns.set(names)));
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// Dependencies that are meant as far as rows and types can tell, and those that only a person can judge.
fn sort<'a>(table: &Collection, search: &'a DependencySearch) -> (Vec<&'a MinedDependency>, Vec<&'a MinedDependency>) {
    let repeats = |one: &&MinedDependency| one.repeating_rows >= FEWEST_REPEATS && one.likelihood != Likelihood::Accidental;
    let meant = |one: &&MinedDependency| {
        let names_something = one.left.iter().all(|name| table.field(name).is_some_and(may_determine));
        // A price beside a product is often the price of that day: only a person knows.
        let measures = table.field(&one.right).is_none_or(is_measure);
        one.likelihood == Likelihood::Meant && one.distinct >= FEWEST_VALUES && one.groups >= FEWEST_VALUES && names_something && !measures
    };
    search.dependencies.iter().filter(repeats).partition(meant)
}

/// Whether values of the column can name something. Amounts, measures, instants and flags go along with other columns by
/// computation or by how rows came in.
fn may_determine(field: &Field) -> bool {
    let names = matches!(
        field.family,
        TypeFamily::Integer
            | TypeFamily::Text
            | TypeFamily::PaddedText
            | TypeFamily::Uuid
            | TypeFamily::Enum
            | TypeFamily::Other
            | TypeFamily::Network
    );
    names && !is_measure(field)
}

fn is_measure(field: &Field) -> bool {
    matches!(field.family, TypeFamily::Decimal | TypeFamily::Float | TypeFamily::Money)
        || words(&field.name).iter().any(|word| MEASURES.contains(&word.as_str()))
}

/// Words of columns that measure or count.
const MEASURES: &[&str] = &[
    "amount", "balance", "bytes", "cents", "cost", "count", "discount", "height", "length", "price", "quantity", "qty", "rate", "rating",
    "score", "size", "stock", "sum", "tax", "total", "weight", "width", "at", "date", "time", "year", "month", "day",
];

/// Of two columns that determine each other, the one that names the other stays on the left.
fn one_way<'a>(table: &Collection, meant: Vec<&'a MinedDependency>) -> Vec<&'a MinedDependency> {
    let holds = |left: &str, right: &str| meant.iter().any(|one| one.left == [left] && one.right == right);
    let drop = |one: &&&MinedDependency| {
        let [left] = one.left.as_slice() else { return false };
        holds(&one.right, left) && rank(table, left) > rank(table, &one.right)
    };
    meant.iter().filter(|one| !drop(one)).copied().collect()
}

/// The smaller, the more a column names something.
fn rank(table: &Collection, name: &str) -> (bool, bool, usize) {
    let refers = table.references.iter().any(|reference| reference.columns == [name]);
    let names = words(name).last().is_some_and(|word| NAMING.contains(&word.as_str()));
    (!refers, !names, table.fields.iter().position(|field| field.name == name).unwrap_or(usize::MAX))
}

fn breach<'a>(catalog: &Catalog, columns: &Columns<'_>, fds: &[Fd], meant: &[&'a MinedDependency], violation: &Violation) -> Breach<'a> {
    let left = columns.names(&violation.left);
    let right = columns.names(&violation.right);
    let same = |one: &MinedDependency| columns.set(&one.left) == Some(violation.left) && right.contains(&one.right);
    let parts = [columns.all().minus(&violation.right), violation.left | violation.right];
    let split = Split { lossless: is_lossless(&columns.all(), &parts, fds), preserving: lost_dependencies(&parts, fds).is_empty() };
    let copies_of = copies_of(catalog, columns.table, &left, &right);
    Breach { breaks: violation.breaks, seen: meant.iter().copied().filter(|one| same(one)).collect(), left, right, copies_of, split }
}

/// The table that the left side refers to, when it has columns of these names: they are copies.
fn copies_of(catalog: &Catalog, table: &Collection, left: &[String], right: &[String]) -> Option<ObjectName> {
    let reference = table.references.iter().find(|reference| reference.columns == left)?;
    let target = catalog.find(&reference.target)?;
    let stem = words(&target.name.name);
    let held = |name: &String| {
        let own: Vec<String> = words(name).into_iter().filter(|word| !stem.contains(word)).collect();
        target.fields.iter().any(|field| field.name == *name || !own.is_empty() && words(&field.name) == own)
    };
    right.iter().all(held).then(|| target.name.clone())
}

#[cfg(test)]
mod tests {
    use dbwright_model::catalog::{Key, Reference};

    use super::*;

    fn field(name: &str, family: TypeFamily) -> Field {
        Field { name: name.to_owned(), family, ..Field::default() }
    }

    fn dependency(left: &[&str], right: &str) -> MinedDependency {
        MinedDependency {
            left: left.iter().map(|name| (*name).to_owned()).collect(),
            right: right.to_owned(),
            likelihood: Likelihood::Meant,
            groups: 50,
            repeating_rows: 900,
            repeated_bytes: 9000,
            distinct: 40,
            ..MinedDependency::default()
        }
    }

    fn table(key: &[&str], fields: &[(&str, TypeFamily)]) -> Collection {
        let columns = key.iter().map(|name| (*name).to_owned()).collect();
        Collection {
            name: ObjectName::bare("t"),
            fields: fields.iter().map(|(name, family)| field(name, *family)).collect(),
            keys: vec![Key { primary: true, columns, ..Key::default() }],
            ..Collection::default()
        }
    }

    /// What is broken, by what, in which columns.
    type Found = (NormalForm, Vec<String>, Vec<String>);

    fn found(table: &Collection, dependencies: Vec<MinedDependency>) -> (Option<NormalForm>, Vec<Found>, usize) {
        let search = DependencySearch { rows: 1000, complete: true, dependencies, ..DependencySearch::default() };
        let catalog = Catalog::default();
        let design = design(&catalog, table, &search);
        let breaches = design.breaches.iter().map(|one| (one.breaks, one.left.clone(), one.right.clone())).collect();
        (design.highest, breaches, design.questions.len())
    }

    const INTEGER: TypeFamily = TypeFamily::Integer;
    const TEXT: TypeFamily = TypeFamily::Text;

    #[test]
    fn a_column_that_hangs_on_another_breaks_the_third_form() {
        let table = table(&["id"], &[("id", INTEGER), ("zip", TEXT), ("city", TEXT)]);
        let (highest, breaches, _) = found(&table, vec![dependency(&["zip"], "city")]);
        assert_eq!(highest, Some(NormalForm::Second));
        assert_eq!(breaches, [(NormalForm::Third, vec!["zip".to_owned()], vec!["city".to_owned()])]);
    }

    #[test]
    fn part_of_a_key_breaks_the_second_form() {
        let table = table(&["sale", "product"], &[("sale", INTEGER), ("product", INTEGER), ("title", TEXT)]);
        let (highest, breaches, _) = found(&table, vec![dependency(&["product"], "title")]);
        assert_eq!(highest, Some(NormalForm::First));
        assert_eq!(breaches[0].0, NormalForm::Second);
    }

    #[test]
    fn amounts_instants_and_flags_are_questions() {
        let table = table(&["id"], &[("id", INTEGER), ("net", TypeFamily::Decimal), ("price", INTEGER), ("gross", TypeFamily::Decimal)]);
        let few = MinedDependency { distinct: 2, ..dependency(&["id"], "gross") };
        let (highest, breaches, questions) = found(&table, vec![dependency(&["net"], "gross"), dependency(&["price"], "net"), few]);
        assert_eq!((highest, breaches.len(), questions), (Some(NormalForm::BoyceCodd), 0, 3));
    }

    #[test]
    fn the_name_determines_and_is_not_determined() {
        let table = table(&["id"], &[("id", INTEGER), ("country", TEXT), ("country_code", TEXT)]);
        let both = vec![dependency(&["country"], "country_code"), dependency(&["country_code"], "country")];
        let (_, breaches, _) = found(&table, both);
        assert_eq!(breaches, [(NormalForm::Third, vec!["country_code".to_owned()], vec!["country".to_owned()])]);
    }

    #[test]
    fn copies_are_told_from_what_stands_nowhere_else() {
        let mut sale = table(&["id"], &[("id", INTEGER), ("product_id", INTEGER), ("product_title", TEXT)]);
        sale.references.push(Reference {
            columns: vec!["product_id".to_owned()],
            target: ObjectName::bare("product"),
            target_columns: vec!["id".to_owned()],
            ..Reference::default()
        });
        let mut product = table(&["id"], &[("id", INTEGER), ("title", TEXT)]);
        product.name = ObjectName::bare("product");
        let catalog = Catalog { collections: vec![product, sale.clone()], ..Catalog::default() };
        let search = DependencySearch {
            rows: 1000,
            dependencies: vec![dependency(&["product_id"], "product_title")],
            ..DependencySearch::default()
        };
        let design = design(&catalog, &sale, &search);
        assert_eq!(design.breaches[0].copies_of, Some(ObjectName::bare("product")));
        assert_eq!(design.breaches[0].split, Split { lossless: true, preserving: true });
    }
}
