//! Primary keys for tables that have none. It never adds one on columns that may hold NULL or duplicates.

use dbwright_model::Engine;
use dbwright_model::catalog::{Collection, Index, Key};
use dbwright_model::change::Change;

use super::{Ddl, is_partitioned};

impl Ddl<'_> {
    /// Makes a unique constraint over NOT NULL columns the primary key. PostgreSQL builds a second unique index beside the
    /// constraint's, as an index can't serve two constraints.
    #[must_use]
    pub fn add_primary_key(&self, table: &Collection, columns: &[&str]) -> Option<Change> {
        if columns.is_empty() || !columns.iter().all(|name| table.field(name).is_some_and(|field| !field.nullable)) {
            return None;
        }
        let (on, list) = (self.object(&table.name), self.names(columns));
        let change = Change::new(format!("Make {} the primary key", table.name.with_columns(columns)));
        match self.engine {
            Engine::Postgresql if !is_partitioned(table) => {
                let name = self.name(&self.fresh_name::<&str>(&table.name, &[], "pkey"));
                Some(
                    change
                        .step(format!("CREATE UNIQUE INDEX CONCURRENTLY {name} ON {on} ({list})"), "")
                        .step(
                            format!("ALTER TABLE {on} ADD CONSTRAINT {name} PRIMARY KEY USING INDEX {name}"),
                            format!("ALTER TABLE {on} DROP CONSTRAINT {name}"),
                        )
                        .locking(self.goes_on(table))
                        .locking(format!("ACCESS EXCLUSIVE on {} for a moment, without reading rows", table.name)),
                )
            }
            Engine::Mysql | Engine::Mariadb => Some(
                change
                    .step(
                        format!("ALTER TABLE {on} ADD PRIMARY KEY ({list}), ALGORITHM=INPLACE, LOCK=NONE"),
                        format!("ALTER TABLE {on} DROP PRIMARY KEY, ALGORITHM=COPY, LOCK=SHARED"),
                    )
                    .locking(self.goes_on(table))
                    .rewriting(),
            ),
            _ => None,
        }
    }

    /// The unique index behind a key.
    #[must_use]
    pub fn index_of_key<'t>(table: &'t Collection, key: &Key) -> Option<&'t Index> {
        let name = key.index.as_deref()?;
        table.indexes.iter().find(|index| index.name == name)
    }
}
