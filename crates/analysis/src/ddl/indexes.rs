//! Making, dropping, hiding and rebuilding indexes while the application goes on. It never touches one that a constraint
//! stands on.

use dbwright_model::Engine;
use dbwright_model::catalog::{Collection, Index, IndexPart};
use dbwright_model::change::Change;

use super::{Ddl, is_partitioned};

impl Ddl<'_> {
    /// An index over plain columns, in order. None where there is no way that is safe to write.
    #[must_use]
    pub fn create_index(&self, table: &Collection, columns: &[&str]) -> Option<Change> {
        let name = self.fresh_name(&table.name, columns, "idx");
        let summary = format!("Index {}", table.name.with_columns(columns));
        let on = self.object(&table.name);
        let list = self.names(columns);
        match self.engine {
            Engine::Postgresql if is_partitioned(table) => self.create_partitioned(table, columns, &name, summary),
            Engine::Postgresql => Some(
                Change::new(summary)
                    .step(
                        format!("CREATE INDEX CONCURRENTLY {} ON {on} ({list})", self.name(&name)),
                        format!("DROP INDEX CONCURRENTLY {}", self.index_name(&table.name, &name)),
                    )
                    .locking(self.goes_on(table)),
            ),
            Engine::Sqlite => Some(
                Change::new(summary)
                    .step(format!("CREATE INDEX {} ON {on} ({list})", self.name(&name)), format!("DROP INDEX {}", self.name(&name)))
                    .locking(format!("write lock on the database: blocks writers of {} and every other table while it runs", table.name)),
            ),
            Engine::Mysql | Engine::Mariadb => Some(
                Change::new(summary)
                    .step(
                        format!("ALTER TABLE {on} ADD INDEX {} ({list}), ALGORITHM=INPLACE, LOCK=NONE", self.name(&name)),
                        self.drop_mysql(table, &name),
                    )
                    .locking(self.goes_on(table)),
            ),
            Engine::Redis | Engine::Valkey => None,
        }
    }

    /// On a partitioned table an index can't be built concurrently: the parent's is made empty, each partition's is built
    /// and attached, and with the last one it becomes valid. One level of partitions only.
    fn create_partitioned(&self, table: &Collection, columns: &[&str], name: &str, summary: String) -> Option<Change> {
        let partitions = self.partitions(&table.name);
        if partitions.is_empty() || partitions.iter().any(|one| is_partitioned(one)) {
            return None;
        }
        let (list, parent) = (self.names(columns), self.index_name(&table.name, name));
        let mut change = Change::new(summary).step(
            format!("CREATE INDEX {} ON ONLY {} ({list})", self.name(name), self.object(&table.name)),
            format!("DROP INDEX {parent}"),
        );
        for partition in partitions {
            let own = self.fresh_name(&partition.name, columns, "idx");
            let built = format!("CREATE INDEX CONCURRENTLY {} ON {} ({list})", self.name(&own), self.object(&partition.name));
            let attached = format!("ALTER INDEX {parent} ATTACH PARTITION {}", self.index_name(&partition.name, &own));
            change = change.step(built, "").step(attached, "");
        }
        Some(
            change
                .locking(format!("SHARE on {} for a moment, with no data to read", table.name))
                .locking("SHARE UPDATE EXCLUSIVE on each partition: reads and writes go on".to_owned()),
        )
    }

    /// Drops an index that no constraint stands on; undoing makes it again. None where it can't be made again.
    #[must_use]
    pub fn drop_index(&self, table: &Collection, index: &Index) -> Option<Change> {
        if index.constraint.is_some() || index.automatic || index.partitioned || index.parent.is_some() || index.replica_identity {
            return None;
        }
        let again = self.create_again(table, index)?;
        let change = Change::new(format!("Drop index {}", index.name));
        match self.engine {
            Engine::Postgresql => Some(
                change
                    .step(format!("DROP INDEX CONCURRENTLY {}", self.index_name(&table.name, &index.name)), again)
                    .locking(self.goes_on(table)),
            ),
            Engine::Sqlite => Some(
                change
                    .step(format!("DROP INDEX {}", self.index_name(&table.name, &index.name)), again)
                    .locking("write lock on the database for a moment".to_owned()),
            ),
            Engine::Mysql | Engine::Mariadb => Some(change.step(self.drop_mysql(table, &index.name), again).locking(self.goes_on(table))),
            Engine::Redis | Engine::Valkey => None,
        }
    }

    /// Takes an index from the planner's sight without dropping it, where the engine can; else drops it.
    #[must_use]
    pub fn retire_index(&self, table: &Collection, index: &Index) -> Option<Change> {
        let (hidden, shown) = match self.engine {
            Engine::Mysql if self.version >= 8 => ("INVISIBLE", "VISIBLE"),
            Engine::Mariadb if self.version >= 11 => ("IGNORED", "NOT IGNORED"),
            _ => return self.drop_index(table, index),
        };
        if index.constraint.is_some() || index.automatic {
            return None;
        }
        let alter = format!("ALTER TABLE {} ALTER INDEX {}", self.object(&table.name), self.name(&index.name));
        Some(
            Change::new(format!("Hide index {} from the planner; drop it once nobody has missed it", index.name))
                .step(format!("{alter} {hidden}"), format!("{alter} {shown}"))
                .locking("metadata only, in an instant".to_owned()),
        )
    }

    /// Builds an index anew beside the old one.
    #[must_use]
    pub fn rebuild_index(&self, table: &Collection, index: &Index) -> Option<Change> {
        if self.engine != Engine::Postgresql || index.partitioned {
            return None;
        }
        Some(
            Change::new(format!("Rebuild index {}", index.name))
                .step(format!("REINDEX INDEX CONCURRENTLY {}", self.index_name(&table.name, &index.name)), "")
                .locking(self.goes_on(table)),
        )
    }

    fn drop_mysql(&self, table: &Collection, index: &str) -> String {
        format!("ALTER TABLE {} DROP INDEX {}, ALGORITHM=INPLACE, LOCK=NONE", self.object(&table.name), self.name(index))
    }

    /// The statement that makes an existing index again.
    fn create_again(&self, table: &Collection, index: &Index) -> Option<String> {
        match self.engine {
            Engine::Postgresql => {
                let definition = index.definition.as_deref()?;
                let unique = definition.starts_with("CREATE UNIQUE INDEX ");
                let rest = definition.strip_prefix("CREATE UNIQUE INDEX ").or_else(|| definition.strip_prefix("CREATE INDEX "))?;
                Some(format!("CREATE {}INDEX CONCURRENTLY {rest}", if unique { "UNIQUE " } else { "" }))
            }
            Engine::Sqlite => index.definition.clone(),
            Engine::Mysql | Engine::Mariadb => self.add_mysql(table, index),
            Engine::Redis | Engine::Valkey => None,
        }
    }

    fn add_mysql(&self, table: &Collection, index: &Index) -> Option<String> {
        if !index.method.eq_ignore_ascii_case("btree") {
            return None;
        }
        let parts: Option<Vec<String>> = index.parts.iter().map(|part| self.mysql_part(part)).collect();
        let unique = if index.unique { "UNIQUE " } else { "" };
        Some(format!(
            "ALTER TABLE {} ADD {unique}INDEX {} ({}), ALGORITHM=INPLACE, LOCK=NONE",
            self.object(&table.name),
            self.name(&index.name),
            parts?.join(", ")
        ))
    }

    fn mysql_part(&self, part: &IndexPart) -> Option<String> {
        let column = self.name(part.column.as_deref()?);
        let prefix = part.prefix.map(|length| format!("({length})")).unwrap_or_default();
        Some(format!("{column}{prefix}{}", if part.descending { " DESC" } else { "" }))
    }

    /// The lock under which reads and writes go on.
    pub(super) fn goes_on(&self, table: &Collection) -> String {
        if self.is_mysql_family() {
            format!("LOCK=NONE on {}: reads and writes go on, but for a moment at start and end", table.name)
        } else {
            format!("SHARE UPDATE EXCLUSIVE on {}: reads and writes go on", table.name)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::healthy;

    #[test]
    fn each_engine_in_its_own_words() {
        let cases = [
            (Engine::Postgresql, "CREATE INDEX CONCURRENTLY \"sale_sold_at_idx\" ON \"public\".\"sale\" (\"sold_at\")"),
            (Engine::Sqlite, "CREATE INDEX \"sale_sold_at_idx\" ON \"sale\" (\"sold_at\")"),
            (Engine::Mysql, "ALTER TABLE `store`.`sale` ADD INDEX `sale_sold_at_idx` (`sold_at`), ALGORITHM=INPLACE, LOCK=NONE"),
        ];
        for (engine, expected) in cases {
            let facts = healthy(engine);
            let change = Ddl::of(&facts).create_index(&facts.catalog.collections[1], &["sold_at"]).unwrap();
            assert_eq!(change.apply, [expected]);
            assert!(change.revert.len() == 1 && change.locks.len() == 1, "{change:?}");
        }
    }

    #[test]
    fn partitions_are_indexed_one_by_one() {
        let mut facts = healthy(Engine::Postgresql);
        let mut part = facts.catalog.collections[1].clone();
        part.name.name = "sale_2026".into();
        let parent = Some(facts.catalog.collections[1].name.clone());
        part.partitioning = Some(dbwright_model::catalog::Partitioning { parent, ..Default::default() });
        facts.catalog.collections[1].kind = dbwright_model::catalog::CollectionKind::PartitionedTable;
        assert!(Ddl::of(&facts).create_index(&facts.catalog.collections[1], &["sold_at"]).is_none(), "no partition yet");
        facts.catalog.collections.push(part);
        let change = Ddl::of(&facts).create_index(&facts.catalog.collections[1], &["sold_at"]).unwrap();
        assert!(change.apply[0].contains("ON ONLY") && change.apply[1].contains("CONCURRENTLY") && change.apply[2].contains("ATTACH"));
    }

    #[test]
    fn constraints_keep_their_index() {
        let facts = healthy(Engine::Postgresql);
        let table = &facts.catalog.collections[0];
        assert!(table.indexes.iter().all(|index| Ddl::of(&facts).drop_index(table, index).is_none()));
    }
}
