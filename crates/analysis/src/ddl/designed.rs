//! Making an index of any shape: expressions, order, carried columns, condition, access method.

use dbwright_model::Engine;
use dbwright_model::catalog::{Collection, Index, IndexPart};
use dbwright_model::change::Change;

use super::{Ddl, is_partitioned};

impl Ddl<'_> {
    /// The index as it was designed; its name is chosen here. None where the engine can't make it while writes go on.
    #[must_use]
    pub fn create_designed(&self, table: &Collection, index: &Index) -> Option<Change> {
        let plain = index.columns().filter(|_| index.included.is_empty() && index.predicate.is_none() && index.parts.iter().all(is_plain));
        if let Some(columns) = plain.filter(|_| matches!(index.method.as_str(), "" | "btree") && !index.unique) {
            return self.create_index(table, &columns);
        }
        if is_partitioned(table) || !matches!(self.engine, Engine::Postgresql | Engine::Sqlite) {
            return None;
        }
        let words: Vec<&str> = index.parts.iter().map(|part| part.column.as_deref().unwrap_or("expression")).collect();
        let name = self.fresh_name(&table.name, &words, "idx");
        let parts: Vec<String> = index.parts.iter().map(|part| self.part(part)).collect();
        let method = match index.method.as_str() {
            "" | "btree" => String::new(),
            other => format!(" USING {other}"),
        };
        let include = if index.included.is_empty() { String::new() } else { format!(" INCLUDE ({})", self.names(&index.included)) };
        let predicate = index.predicate.as_deref().map(|text| format!(" WHERE {text}")).unwrap_or_default();
        let concurrently = if self.engine == Engine::Postgresql { " CONCURRENTLY" } else { "" };
        let on = self.object(&table.name);
        let drop = match self.engine {
            Engine::Postgresql => format!("DROP INDEX CONCURRENTLY {}", self.index_name(&table.name, &name)),
            _ => format!("DROP INDEX {}", self.name(&name)),
        };
        let lock = match self.engine {
            Engine::Postgresql => format!("SHARE UPDATE EXCLUSIVE on {}: reads and writes go on", table.name),
            _ => format!("write lock on the database: blocks writers of {} and every other table while it runs", table.name),
        };
        let apply = format!("CREATE INDEX{concurrently} {} ON {on}{method} ({}){include}{predicate}", self.name(&name), parts.join(", "));
        Some(Change::new(format!("Index {}", table.name.with_columns(&words))).step(apply, drop).locking(lock))
    }

    fn part(&self, part: &IndexPart) -> String {
        let what = match (&part.column, &part.expression) {
            (Some(column), _) => self.name(column),
            (None, expression) => format!("({})", expression.as_deref().unwrap_or_default()),
        };
        let class = part.operator_class.as_deref().map(|class| format!(" {class}")).unwrap_or_default();
        format!("{what}{class}{}", if part.descending { " DESC" } else { "" })
    }
}

fn is_plain(part: &IndexPart) -> bool {
    !part.descending && part.operator_class.is_none() && part.prefix.is_none()
}

#[cfg(test)]
mod tests {
    use dbwright_model::{Facts, ObjectName, Timestamp};

    use super::*;

    #[test]
    fn every_part_of_the_design_is_written() {
        let facts = Facts::empty(Engine::Postgresql, "15", "shop", Timestamp::default());
        let table = Collection { name: ObjectName::new("public", "sale"), ..Collection::default() };
        let part = |column: &str, descending| IndexPart { column: Some(column.to_owned()), descending, ..IndexPart::default() };
        let lower = IndexPart { expression: Some("lower(state)".to_owned()), ..IndexPart::default() };
        let index = Index {
            parts: vec![part("Day", true), lower],
            included: vec!["total".to_owned()],
            predicate: Some("state = 'open'".to_owned()),
            ..Index::default()
        };
        let change = Ddl::of(&facts).create_designed(&table, &index).expect("it can be made");
        assert!(change.apply[0].starts_with("CREATE INDEX CONCURRENTLY "), "{}", change.apply[0]);
        assert!(
            change.apply[0].ends_with("(\"Day\" DESC, (lower(state))) INCLUDE (\"total\") WHERE state = 'open'"),
            "{}",
            change.apply[0]
        );
        assert!(change.revert[0].starts_with("DROP INDEX CONCURRENTLY "));
    }
}
