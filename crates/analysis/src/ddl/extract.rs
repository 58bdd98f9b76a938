//! Moving columns that depend on others into a table of their own, with a view that shows the old shape. It never writes a
//! split that something else of the catalog stands in the way of, nor one that would lose rows.

use dbwright_model::catalog::{Collection, CollectionKind, Field};
use dbwright_model::change::Change;
use dbwright_model::{Engine, ObjectName};

use super::{Ddl, is_partitioned};

impl Ddl<'_> {
    /// Moves `right`, which `left` determines, into a new table keyed by `left`; the old name becomes a view that joins both.
    /// Undoing brings columns, values and name back; the columns then stand last. None where an index, key, reference, check,
    /// trigger or view uses the columns, or the engine is not known to do it.
    #[must_use]
    pub fn extract_table(&self, table: &Collection, left: &[String], right: &[String]) -> Option<Change> {
        if !self.may_extract(table, left, right) {
            return None;
        }
        let left: Vec<&Field> = left.iter().map(|name| table.field(name)).collect::<Option<_>>()?;
        let right: Vec<&Field> = right.iter().map(|name| table.field(name)).collect::<Option<_>>()?;
        let part = ObjectName { schema: table.name.schema.clone(), name: self.part_name(table, &left) };
        let base = ObjectName { schema: table.name.schema.clone(), name: self.fresh_name::<&str>(&table.name, &[], "base") };
        let summary = format!("Store {} once for each {} in {part}", list(&right), list(&left));
        let change = self.make_part(Change::new(summary), table, &part, &left, &right);
        let change = self.move_columns(change, table, &part, &base, &left, &right);
        let view = self.view(table, &part, &base, &left, &right);
        let change = change.step(view, format!("DROP VIEW {}", self.object(&table.name)));
        Some(change.locking(format!("ACCESS EXCLUSIVE on {} while columns are moved: do it in a quiet hour", table.name)).rewriting())
    }

    fn may_extract(&self, table: &Collection, left: &[String], right: &[String]) -> bool {
        let known = matches!(self.engine, Engine::Sqlite | Engine::Postgresql | Engine::Mysql | Engine::Mariadb);
        let moved = |name: &str| right.iter().any(|one| one == name);
        let in_keys = table.keys.iter().any(|key| key.columns.iter().any(|name| moved(name)));
        let in_indexes = table.indexes.iter().any(|index| {
            index.parts.iter().any(|part| part.column.as_deref().is_none_or(moved)) || index.included.iter().any(|name| moved(name))
        });
        let in_references = table.references.iter().any(|one| one.columns.iter().any(|name| moved(name)));
        let in_expressions = table.checks.iter().any(|check| right.iter().any(|name| check.expression.contains(name.as_str())))
            || table.fields.iter().any(|field| field.generated.is_some());
        let referred = self.catalog.collections.iter().flat_map(|one| &one.references);
        let referred = referred.filter(|one| one.target == table.name).any(|one| one.target_columns.iter().any(|name| moved(name)));
        let viewed = self.catalog.collections.iter().any(|one| {
            matches!(one.kind, CollectionKind::View | CollectionKind::MaterializedView)
                && one.definition.as_deref().is_none_or(|text| text.contains(&table.name.name))
        });
        let guarded =
            table.row_security.as_ref().is_some_and(|security| security.enabled) || table.triggers.iter().any(|one| !one.internal);
        known
            && !left.is_empty()
            && !right.is_empty()
            && table.kind == CollectionKind::Table
            && !is_partitioned(table)
            && table.inherits.is_empty()
            && !(in_keys || in_indexes || in_references || in_expressions || referred || viewed || guarded)
    }

    fn make_part(&self, change: Change, table: &Collection, part: &ObjectName, left: &[&Field], right: &[&Field]) -> Change {
        let column = |field: &&Field, required: bool| {
            let collation = match (&field.collation, self.engine) {
                (Some(collation), Engine::Postgresql | Engine::Sqlite) => format!(" COLLATE {}", self.name(collation)),
                _ => String::new(),
            };
            format!("{} {}{collation}{}", self.name(&field.name), field.type_name, if required { " NOT NULL" } else { "" })
        };
        let mut columns: Vec<String> = left.iter().map(|field| column(field, true)).collect();
        columns.extend(right.iter().map(|field| column(field, !field.nullable)));
        let key = self.names(&names(left));
        let (new, old) = (self.object(part), self.object(&table.name));
        let all = self.names(&[names(left), names(right)].concat());
        change
            .step(format!("CREATE TABLE {new} ({}, PRIMARY KEY ({key}))", columns.join(", ")), format!("DROP TABLE {new}"))
            .step(format!("INSERT INTO {new} ({all}) SELECT DISTINCT {all} FROM {old}"), "")
    }

    fn move_columns(
        &self,
        change: Change,
        table: &Collection,
        part: &ObjectName,
        base: &ObjectName,
        left: &[&Field],
        right: &[&Field],
    ) -> Change {
        let (old, below) = (self.object(&table.name), self.object(base));
        let renamed = |to: &ObjectName| if self.is_mysql_family() { self.object(to) } else { self.name(&to.name) };
        let mut change = change.step(
            format!("ALTER TABLE {old} RENAME TO {}", renamed(base)),
            format!("ALTER TABLE {below} RENAME TO {}", renamed(&table.name)),
        );
        let pairs = self.pairs(&self.object(part), &below, left);
        for field in right {
            let name = self.name(&field.name);
            let back =
                format!("UPDATE {below} SET {name} = (SELECT {}.{name} FROM {} WHERE {pairs})", self.object(part), self.object(part));
            if !field.nullable && self.engine == Engine::Postgresql {
                change = change.step("", format!("ALTER TABLE {below} ALTER COLUMN {name} SET NOT NULL"));
            }
            change = change.step("", back).step(
                format!("ALTER TABLE {below} DROP COLUMN {name}"),
                format!("ALTER TABLE {below} ADD COLUMN {name} {}", field.type_name),
            );
        }
        change.apply.retain(|statement| !statement.is_empty());
        if self.engine == Engine::Sqlite {
            return change;
        }
        let constraint = self.name(&self.fresh_name(&table.name, &names(left), "fkey"));
        let columns = self.names(&names(left));
        let drop = if self.is_mysql_family() { "FOREIGN KEY" } else { "CONSTRAINT" };
        change.step(
            format!("ALTER TABLE {below} ADD CONSTRAINT {constraint} FOREIGN KEY ({columns}) REFERENCES {} ({columns})", self.object(part)),
            format!("ALTER TABLE {below} DROP {drop} {constraint}"),
        )
    }

    fn view(&self, table: &Collection, part: &ObjectName, base: &ObjectName, left: &[&Field], right: &[&Field]) -> String {
        let moved = |field: &Field| right.iter().any(|one| one.name == field.name);
        let columns: Vec<String> = table
            .fields
            .iter()
            .map(|field| format!("{}.{}", self.object(if moved(field) { part } else { base }), self.name(&field.name)))
            .collect();
        let (part, base) = (self.object(part), self.object(base));
        let pairs = self.pairs(&part, &base, left);
        format!("CREATE VIEW {} AS SELECT {} FROM {base} JOIN {part} ON {pairs}", self.object(&table.name), columns.join(", "))
    }

    fn pairs(&self, part: &str, base: &str, left: &[&Field]) -> String {
        let pair = |field: &&Field| format!("{part}.{0} = {base}.{0}", self.name(&field.name));
        left.iter().map(pair).collect::<Vec<_>>().join(" AND ")
    }

    /// A name for the new table: the determining columns without the words that only say that they name something.
    fn part_name(&self, table: &Collection, left: &[&Field]) -> String {
        let stems: Vec<String> = left
            .iter()
            .map(|field| {
                let lower = field.name.to_lowercase();
                ["_id", "_code", "_key", "_no"].iter().find_map(|ending| lower.strip_suffix(ending)).unwrap_or(&lower).to_owned()
            })
            .collect();
        let plain = stems.join("_");
        if !plain.is_empty() && !self.is_taken(&plain) {
            return plain;
        }
        self.fresh_name(&table.name, &names(left), "part")
    }
}

fn names(fields: &[&Field]) -> Vec<String> {
    fields.iter().map(|field| field.name.clone()).collect()
}

fn list(fields: &[&Field]) -> String {
    names(fields).join(", ")
}

#[cfg(test)]
mod tests {
    use dbwright_model::catalog::{Catalog, Key};
    use dbwright_model::{Facts, Timestamp};

    use super::*;

    fn facts(engine: Engine) -> Facts {
        let field = |name: &str, type_name: &str| Field { name: name.to_owned(), type_name: type_name.to_owned(), ..Field::default() };
        let table = Collection {
            name: ObjectName::bare("customer"),
            fields: vec![field("id", "integer"), field("zip", "text"), field("city", "text")],
            keys: vec![Key { primary: true, columns: vec!["id".to_owned()], ..Key::default() }],
            ..Collection::default()
        };
        let mut facts = Facts::empty(engine, "15", "shop", Timestamp::default());
        facts.catalog = Catalog { collections: vec![table], ..Catalog::default() };
        facts
    }

    fn change(facts: &Facts) -> Option<Change> {
        Ddl::of(facts).extract_table(&facts.catalog.collections[0], &["zip".to_owned()], &["city".to_owned()])
    }

    #[test]
    fn splits_and_comes_back() {
        let change = change(&facts(Engine::Postgresql)).expect("nothing is in the way");
        assert_eq!(change.apply[0], r#"CREATE TABLE "zip" ("zip" text NOT NULL, "city" text NOT NULL, PRIMARY KEY ("zip"))"#);
        assert_eq!(change.apply.len(), 6);
        assert!(
            change.apply[5]
                .starts_with(r#"CREATE VIEW "customer" AS SELECT "customer_base"."id", "customer_base"."zip", "zip"."city" FROM"#)
        );
        assert_eq!(change.revert.first().map(String::as_str), Some(r#"DROP VIEW "customer""#));
        assert_eq!(change.revert.last().map(String::as_str), Some(r#"DROP TABLE "zip""#));
    }

    #[test]
    fn what_stands_in_the_way_is_respected() {
        let mut facts = facts(Engine::Sqlite);
        assert!(change(&facts).is_some());
        facts.catalog.collections[0].keys.push(Key { columns: vec!["city".to_owned()], ..Key::default() });
        assert!(change(&facts).is_none());
        facts.catalog.collections[0].keys.pop();
        let view = Collection {
            name: ObjectName::bare("v"),
            kind: CollectionKind::View,
            definition: Some("SELECT * FROM customer".to_owned()),
            ..Collection::default()
        };
        facts.catalog.collections.push(view);
        assert!(change(&facts).is_none());
    }
}
