//! The database systems that dbwright knows by name. It never holds behaviour: what an engine can do lives with its driver.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A database system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// SQLite 3.
    Sqlite,
    /// PostgreSQL and servers that keep its catalog.
    Postgresql,
    /// MySQL 5.7 and newer.
    Mysql,
    /// MariaDB 10.6 and newer.
    Mariadb,
    /// Redis 6 and newer.
    Redis,
    /// Valkey 7.2 and newer.
    Valkey,
}

impl Engine {
    /// Every engine, in the order in which tables list them.
    pub const ALL: [Self; 6] = [Self::Sqlite, Self::Postgresql, Self::Mysql, Self::Mariadb, Self::Redis, Self::Valkey];

    /// The engine's identifier in JSON, configuration and rule examples.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgresql => "postgresql",
            Self::Mysql => "mysql",
            Self::Mariadb => "mariadb",
            Self::Redis => "redis",
            Self::Valkey => "valkey",
        }
    }

    /// The engine's name as its makers write it.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgresql => "PostgreSQL",
            Self::Mysql => "MySQL",
            Self::Mariadb => "MariaDB",
            Self::Redis => "Redis",
            Self::Valkey => "Valkey",
        }
    }

    /// The engine with this identifier.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|engine| engine.id() == id)
    }

    /// Whether the engine is asked in SQL.
    #[must_use]
    pub const fn speaks_sql(self) -> bool {
        !matches!(self, Self::Redis | Self::Valkey)
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.title())
    }
}
