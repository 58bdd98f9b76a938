//! Versions of servers: which releases are supported, and which minor release has all fixes known when this table was made.
//! It never guesses about a release that it does not list.

use dbwright_model::Engine;

/// The day as of which the table holds.
pub(super) const AS_OF: &str = "2026-11-12";

/// A release series.
pub(super) struct Series {
    /// The engine.
    pub(super) engine: Engine,
    /// Leading numbers of its versions.
    pub(super) series: &'static [u32],
    /// The lowest version that has the fixes known; the series alone when it is out of support.
    pub(super) fixed: &'static [u32],
    /// Whether its makers still mend it.
    pub(super) supported: bool,
    /// What is missing below `fixed`.
    pub(super) reason: &'static str,
}

const fn series(engine: Engine, series: &'static [u32], fixed: &'static [u32], reason: &'static str) -> Series {
    Series { engine, series, fixed, supported: true, reason }
}

const fn ended(engine: Engine, series: &'static [u32], reason: &'static str) -> Series {
    Series { engine, series, fixed: series, supported: false, reason }
}

const PG_FIX: &str = "the security fixes of the PostgreSQL minor releases of 2026-11-12";
const LUA_FIX: &str = "the fix of CVE-2025-49844 (code execution by a Lua script)";

/// Sources: PostgreSQL versioning policy and security pages; MySQL and MariaDB release policies; Redis and Valkey advisories
/// of 2025-10 (CVE-2025-49844).
pub(super) const TABLE: &[Series] = &[
    series(Engine::Postgresql, &[18], &[18, 7], PG_FIX),
    series(Engine::Postgresql, &[17], &[17, 12], PG_FIX),
    series(Engine::Postgresql, &[16], &[16, 16], PG_FIX),
    series(Engine::Postgresql, &[15], &[15, 20], PG_FIX),
    series(Engine::Postgresql, &[14], &[14, 25], PG_FIX),
    ended(Engine::Postgresql, &[13], "support ended in 2025-11"),
    ended(Engine::Postgresql, &[12], "support ended in 2024-11"),
    ended(Engine::Postgresql, &[11], "support ended in 2023-11"),
    ended(Engine::Postgresql, &[10], "support ended in 2022-11"),
    ended(Engine::Postgresql, &[9], "support ended in 2021-11"),
    ended(Engine::Mysql, &[5], "support ended in 2023-10"),
    ended(Engine::Mysql, &[8, 0], "support ended in 2026-04"),
    ended(Engine::Mariadb, &[10, 5], "support ended in 2025-06"),
    ended(Engine::Mariadb, &[10, 4], "support ended in 2024-06"),
    ended(Engine::Mariadb, &[10, 3], "support ended in 2023-05"),
    series(Engine::Redis, &[6, 2], &[6, 2, 20], LUA_FIX),
    series(Engine::Redis, &[7, 2], &[7, 2, 11], LUA_FIX),
    series(Engine::Redis, &[7, 4], &[7, 4, 6], LUA_FIX),
    series(Engine::Redis, &[8, 0], &[8, 0, 4], LUA_FIX),
    series(Engine::Redis, &[8, 2], &[8, 2, 2], LUA_FIX),
    ended(Engine::Redis, &[5], "support ended"),
    ended(Engine::Redis, &[6, 0], "support ended"),
    ended(Engine::Redis, &[7, 0], "support ended"),
    series(Engine::Valkey, &[7, 2], &[7, 2, 11], LUA_FIX),
    series(Engine::Valkey, &[8, 0], &[8, 0, 6], LUA_FIX),
    series(Engine::Valkey, &[8, 1], &[8, 1, 4], LUA_FIX),
];

/// The series that a version belongs to, if it is listed.
pub(super) fn series_of(engine: Engine, version: &[u32]) -> Option<&'static Series> {
    TABLE.iter().find(|one| one.engine == engine && version.starts_with(one.series))
}

/// The leading numbers of a version: `15.18 (Debian 15.18-0+deb12u1)` is 15, 18.
pub(super) fn numbers(version: &str) -> Vec<u32> {
    let end = version.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(version.len());
    version[..end].split('.').map_while(|part| part.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_servers_say() {
        assert_eq!(numbers("15.18 (Debian 15.18-0+deb12u1)"), [15, 18]);
        assert_eq!(numbers("10.11.14-MariaDB-0+deb12u2"), [10, 11, 14]);
        assert_eq!(numbers("18beta1"), [18]);
        assert!(numbers("unknown").is_empty());
    }

    #[test]
    fn a_version_finds_its_own_series() {
        assert!(series_of(Engine::Mysql, &[8, 4, 7]).is_none());
        assert!(series_of(Engine::Mysql, &[8, 0, 44]).is_some_and(|one| !one.supported));
        assert!(series_of(Engine::Redis, &[7, 2, 4]).is_some_and(|one| one.fixed == [7, 2, 11]));
    }
}
