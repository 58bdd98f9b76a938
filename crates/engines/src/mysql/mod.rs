//! MariaDB 10.6 to 12 and MySQL 5.7 to 9: what information_schema, the statistics tables and the server's own words say.
//! Towards a user's database it only reads, in a read-only transaction.

mod access;
mod ask;
mod catalog;
mod connect;
mod facts;
mod failure;
mod indexes;
mod rows;
mod server;
mod settings;
mod types;
mod workload;

use dbwright_model::Engine;

use crate::registry::{Capability, Driver};

/// The driver.
pub static DRIVER: Driver = Driver {
    engines: &[Engine::Mariadb, Engine::Mysql],
    schemes: &["mysql://", "mariadb://"],
    versions: "MariaDB 10.6 to 12, MySQL 5.7 to 9",
    capabilities: &[
        Capability {
            name: "collect",
            there: true,
            detail: "one database or all of a server; read-only transaction; tested on MariaDB 10.11 and MySQL 9",
        },
        Capability { name: "explain", there: false, detail: "plans are not read yet: rules that need one are undecided" },
        Capability { name: "project", there: false, detail: "not built in yet: build the database yourself and give its URL" },
    ],
    collect: |endpoint, options| Box::pin(facts::collect(endpoint, options)),
    rows: Some(|endpoint, options, wanted, sink| Box::pin(rows::stream(endpoint, options, wanted, sink))),
    grants: |role, database| Some(grants(role, database)),
};

/// The script that makes a least-privilege account.
fn grants(role: &str, database: &str) -> String {
    let name = role.replace('\\', "\\\\").replace('\'', "\\'");
    let database = if database.is_empty() { "*".to_owned() } else { format!("`{}`", database.replace('`', "``")) };
    format!(
        "-- An account that reads the catalog, statistics and state, and no rows but those of the tables of {database}.\n\
         CREATE USER IF NOT EXISTS '{name}'@'%' IDENTIFIED BY 'CHANGE THIS PASSWORD' REQUIRE SSL;\n\
         GRANT PROCESS, REPLICATION CLIENT ON *.* TO '{name}'@'%';   -- state of InnoDB, binary logs and replicas\n\
         GRANT SELECT ON performance_schema.* TO '{name}'@'%';       -- statements and use of indexes\n\
         GRANT SELECT ON mysql.innodb_table_stats TO '{name}'@'%';   -- statistics of tables and indexes\n\
         GRANT SELECT ON mysql.innodb_index_stats TO '{name}'@'%';\n\
         GRANT SELECT ON mysql.user TO '{name}'@'%';                 -- accounts; it holds password hashes, leave it out if that matters more\n\
         GRANT SELECT, SHOW VIEW, TRIGGER ON {database}.* TO '{name}'@'%';  -- without it a table is not visible at all\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_inside_their_quotes() {
        let script = grants("o'brien\\", "a`b");
        assert!(script.contains("'o\\'brien\\\\'@'%'") && script.contains("ON `a``b`.*"), "{script}");
    }
}
