//! Redis and Valkey: what INFO, CONFIG, ACL and a bounded sample of the keys say. It never sends KEYS, MONITOR, a write,
//! or a command that blocks, and it keeps its own share of the server's time under a limit.

mod cluster;
mod connect;
mod facts;
mod info;
mod keys;
mod latency;
mod patterns;
mod security;

use dbwright_model::Engine;

use crate::registry::{Capability, Driver};

/// The driver.
pub static DRIVER: Driver = Driver {
    engines: &[Engine::Redis, Engine::Valkey],
    schemes: &["redis://", "rediss://", "unix://", "valkey://", "valkeys://"],
    versions: "Redis 6 to 8, Valkey 7.2 to 9",
    capabilities: &[
        Capability {
            name: "collect",
            there: true,
            detail: "server, settings, accounts, commands, replication, cluster and Sentinel state, a bounded sample of keys",
        },
        Capability { name: "explain", there: false, detail: "commands have no plans" },
        Capability { name: "scratch", there: true, detail: "on server programs of this machine" },
        Capability {
            name: "project",
            there: true,
            detail: "files of commands: schema.redis, data.redis, workload.redis, run on a scratch server",
        },
    ],
    collect: |endpoint, options| Box::pin(facts::collect(endpoint, options)),
    rows: None,
    grants: |role, _database| Some(grants(role)),
};

/// The ACL rules that suffice, for redis-cli.
fn grants(role: &str) -> String {
    format!(
        "# Reads names, sizes and statistics; can read no values of strings and change nothing.\n\
         ACL SETUSER {role} on >CHANGE-THIS-PASSWORD resetkeys ~* resetchannels -@all +ping +info +dbsize +select +scan +type +object +ttl +pttl \
         +memory|usage +strlen +llen +hlen +scard +zcard +xlen +config|get +acl|list +acl|whoami +slowlog|get +slowlog|len +latency|histogram +cluster|info +cluster|nodes +readonly\n\
         # A Sentinel knows other commands: ACL SETUSER {role} on >CHANGE-THIS-PASSWORD -@all +ping +info +config|get +acl|list +acl|whoami +sentinel|masters\n"
    )
}
