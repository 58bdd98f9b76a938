//! Rules on the way back: backups, archives, drills, durability. They never take a backup for a restore.

use crate::rule::Rule;

mod acknowledged_write_lost;
mod archive_failing;
mod backup_too_old;
mod drill_missing;
mod drill_stale;
mod durability_off;
mod failover_slow;
mod incomplete_backup;
mod no_backup;
mod no_point_in_time;
mod restart_empties_replicas;
mod restore_differs;
mod restore_failed;
mod restore_slow;
mod save_error_ignored;
mod snapshot_failing;
mod support;
mod unlogged_table;

/// The family's rules, sorted by id.
pub const RULES: &[&Rule] = &[
    &acknowledged_write_lost::RULE,
    &archive_failing::RULE,
    &backup_too_old::RULE,
    &drill_missing::RULE,
    &drill_stale::RULE,
    &durability_off::RULE,
    &failover_slow::RULE,
    &incomplete_backup::RULE,
    &no_backup::RULE,
    &no_point_in_time::RULE,
    &restart_empties_replicas::RULE,
    &restore_differs::RULE,
    &restore_failed::RULE,
    &restore_slow::RULE,
    &save_error_ignored::RULE,
    &snapshot_failing::RULE,
    &unlogged_table::RULE,
];
