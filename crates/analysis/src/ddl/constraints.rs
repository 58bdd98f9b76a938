//! Foreign keys and NOT NULL, added without a long lock. It never validates in the same breath what it adds.

use dbwright_model::catalog::{Collection, Field, Reference};
use dbwright_model::change::Change;
use dbwright_model::{Engine, ObjectName};

use super::{Ddl, is_partitioned};

impl Ddl<'_> {
    /// A foreign key on rows that all have their partner. SQLite has no statement for it.
    #[must_use]
    pub fn add_foreign_key(&self, table: &Collection, columns: &[&str], target: &ObjectName, target_columns: &[&str]) -> Option<Change> {
        let name = self.fresh_name(&table.name, columns, "fkey");
        let on = self.object(&table.name);
        let declaration = format!(
            "ADD CONSTRAINT {} FOREIGN KEY ({}) REFERENCES {} ({})",
            self.name(&name),
            self.names(columns),
            self.object(target),
            self.names(target_columns)
        );
        let summary = format!("Declare that {} refers to {}", table.name.with_columns(columns), target.with_columns(target_columns));
        match self.engine {
            // Before version 18 a foreign key of a partitioned table can't be NOT VALID.
            Engine::Postgresql if is_partitioned(table) && self.version < 18 => None,
            Engine::Postgresql => Some(
                Change::new(summary)
                    .step(
                        format!("ALTER TABLE {on} {declaration} NOT VALID"),
                        format!("ALTER TABLE {on} DROP CONSTRAINT {}", self.name(&name)),
                    )
                    .step(format!("ALTER TABLE {on} VALIDATE CONSTRAINT {}", self.name(&name)), "")
                    .locking(format!("SHARE ROW EXCLUSIVE on {} and {target} for a moment: writes wait", table.name))
                    .locking(format!(
                        "while validating SHARE UPDATE EXCLUSIVE on {}, ROW SHARE on {target}: reads and writes go on",
                        table.name
                    )),
            ),
            Engine::Mysql | Engine::Mariadb => Some(
                Change::new(summary)
                    .step(
                        format!("ALTER TABLE {on} {declaration}, ALGORITHM=COPY, LOCK=SHARED"),
                        format!("ALTER TABLE {on} DROP FOREIGN KEY {}", self.name(&name)),
                    )
                    .locking(format!("LOCK=SHARED on {}: reads go on, writes wait until the copy is made", table.name))
                    .rewriting(),
            ),
            Engine::Sqlite | Engine::Redis | Engine::Valkey => None,
        }
    }

    /// Drops a foreign key; undoing declares it again.
    #[must_use]
    pub fn drop_foreign_key(&self, table: &Collection, reference: &Reference) -> Option<Change> {
        if reference.name.is_empty() || reference.deferrable || !reference.enforced || !reference.validated {
            return None;
        }
        let (on, name) = (self.object(&table.name), self.name(&reference.name));
        let mut again = format!(
            "ALTER TABLE {on} ADD CONSTRAINT {name} FOREIGN KEY ({}) REFERENCES {} ({})",
            self.names(&reference.columns),
            self.object(&reference.target),
            self.names(&reference.target_columns)
        );
        for (event, action) in [("ON DELETE", &reference.on_delete), ("ON UPDATE", &reference.on_update)] {
            if !action.is_empty() && !action.eq_ignore_ascii_case("NO ACTION") {
                again.push_str(&format!(" {event} {action}"));
            }
        }
        let change = Change::new(format!("Drop foreign key {}", reference.name));
        match self.engine {
            Engine::Postgresql => {
                let mut change = change
                    .step(format!("ALTER TABLE {on} DROP CONSTRAINT {name}"), format!("{again} NOT VALID"))
                    .locking(format!("ACCESS EXCLUSIVE on {} and {} for a moment", table.name, reference.target));
                change.revert.push(format!("ALTER TABLE {on} VALIDATE CONSTRAINT {name}"));
                Some(change)
            }
            Engine::Mysql | Engine::Mariadb => Some(
                change
                    .step(format!("ALTER TABLE {on} DROP FOREIGN KEY {name}, ALGORITHM=INPLACE, LOCK=NONE"), again)
                    .locking("metadata only, in an instant".to_owned()),
            ),
            Engine::Sqlite | Engine::Redis | Engine::Valkey => None,
        }
    }

    /// Checks the existing rows of a constraint that was declared NOT VALID.
    #[must_use]
    pub fn validate_constraint(&self, table: &ObjectName, constraint: &str) -> Option<Change> {
        let validate = format!("ALTER TABLE {} VALIDATE CONSTRAINT {}", self.object(table), self.name(constraint));
        (self.engine == Engine::Postgresql && !constraint.is_empty()).then(|| {
            Change::new(format!("Validate {constraint}"))
                .step(validate, "")
                .locking(format!("SHARE UPDATE EXCLUSIVE on {table}: reads and writes go on"))
        })
    }

    /// NOT NULL on a column that holds no NULL: PostgreSQL takes a validated check as proof and does not scan under the
    /// strong lock (since version 12).
    #[must_use]
    pub fn set_not_null(&self, table: &Collection, field: &Field) -> Option<Change> {
        if self.engine != Engine::Postgresql || is_partitioned(table) {
            return None;
        }
        let (on, column) = (self.object(&table.name), self.name(&field.name));
        let check = self.name(&self.fresh_name(&table.name, &[&field.name], "not_null"));
        Some(
            Change::new(format!("Require a value in {}", table.name.with_columns(&[&field.name])))
                .step(
                    format!("ALTER TABLE {on} ADD CONSTRAINT {check} CHECK ({column} IS NOT NULL) NOT VALID"),
                    format!("ALTER TABLE {on} DROP CONSTRAINT IF EXISTS {check}"),
                )
                .step(format!("ALTER TABLE {on} VALIDATE CONSTRAINT {check}"), "")
                .step(
                    format!("ALTER TABLE {on} ALTER COLUMN {column} SET NOT NULL"),
                    format!("ALTER TABLE {on} ALTER COLUMN {column} DROP NOT NULL"),
                )
                .step(format!("ALTER TABLE {on} DROP CONSTRAINT {check}"), "")
                .locking(format!("ACCESS EXCLUSIVE on {} for a moment, three times: no rows are read under it", table.name))
                .locking(format!("while validating SHARE UPDATE EXCLUSIVE on {}: reads and writes go on", table.name)),
        )
    }
}
