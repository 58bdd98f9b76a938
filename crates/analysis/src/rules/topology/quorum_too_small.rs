//! `topology/quorum-too-small`.

use dbwright_model::topology::Watched;
use dbwright_model::{Engine, Evidence, FactKind, Finding, Severity, Unit};

use crate::context::Context;
use crate::rule::{Rule, SERVERS};

/// The rule.
pub static RULE: Rule = Rule {
    id: "topology/quorum-too-small",
    title: "The loss of one node stops writes",
    severity: Severity::Warning,
    engines: SERVERS,
    needs: &[FactKind::Topology],
    docs: DOCS,
    check,
};

const DOCS: &str = r#"
## Finds
PostgreSQL: as many synchronous replicas are required by `synchronous_standby_names` as there are candidates for it, so
that the loss of one makes every commit wait. MySQL and MariaDB: a Galera cluster of two nodes, which loses its majority
with either of them. Redis and Valkey: fewer than three Sentinels, a quorum of more Sentinels than there are, a cluster of
fewer than three nodes that serve slots.

```facts finds postgresql
{"topology": {"role": "primary", "synchronous": "FIRST 1 (east)", "replicas": [{"name": "east", "state": "streaming", "synchronous": true}]},
 "settings": {"synchronous_standby_names": {"value": "FIRST 1 (east)", "origin": "configuration file"}}}
```

```facts quiet postgresql
{"topology": {"role": "primary", "synchronous": "ANY 1 (east, west)", "replicas": [{"name": "east", "state": "streaming", "synchronous": true}, {"name": "west", "state": "streaming", "synchronous": true}]},
 "settings": {"synchronous_standby_names": {"value": "ANY 1 (east, west)", "origin": "configuration file"}}}
```

```facts finds mariadb
{"health": {"counters": {"wsrep_cluster_size": 2}}}
```

```facts finds redis
{"topology": {"watched": [{"name": "shop", "state": "master", "replicas": 1, "watchers": 2, "quorum": 2}]}}
```

```facts quiet redis
{"topology": {"watched": [{"name": "shop", "state": "master", "replicas": 1, "watchers": 3, "quorum": 2}]}}
```

## Why it matters
Commits that wait for a replica that is gone wait for ever, and the application with them. Two nodes can't outvote each
other: when the link between them breaks, neither may go on.

## When not to follow
Where losing a write is worse than standing still, and somebody is there day and night to decide.

## Fix
Add a third copy: `ANY 1 (east, west)` needs one of two replicas; a Galera cluster of two takes an arbitrator (garbd) that
votes without holding data; three Sentinels on three machines with a quorum of two.

## How we verify
Read from pg_stat_replication and the setting, or wsrep_cluster_size, SENTINEL MASTERS, CLUSTER NODES. A failover drill kills one node and counts the writes
that are acknowledged meanwhile.

## References
PostgreSQL manual, Log-Shipping Standby Servers, Synchronous Replication, Planning for High Availability. Galera Cluster
manual, Weighted Quorum; Galera Arbitrator.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    if !context.judges_server() {
        return Vec::new();
    }
    if !context.engine().speaks_sql() {
        return context.facts.topology.watched.iter().filter_map(few_watchers).chain(few_shards(context)).collect();
    }
    let finding = if context.engine() == Engine::Postgresql { no_spare(context) } else { two_nodes(context) };
    finding.into_iter().collect()
}

fn no_spare(context: &Context<'_>) -> Option<Finding> {
    let topology = &context.facts.topology;
    let rule = Required::parse(&topology.synchronous)?;
    let connected = topology.replicas.iter().filter(|replica| rule.admits(&replica.name)).count();
    if connected > rule.count {
        return None;
    }
    let consequence = if connected < rule.count { "commits wait now" } else { "the loss of one makes every commit wait" };
    let message =
        format!("synchronous_standby_names requires {} of its replicas and {connected} of them are connected: {consequence}.", rule.count);
    let finding = Finding::new("synchronous_standby_names", message)
        .evidence(Evidence::text("synchronous_standby_names", topology.synchronous.clone(), "pg_settings"))
        .evidence(Evidence::measured("candidates connected", connected as f64, Unit::Count, "pg_stat_replication"))
        .risks(if connected < rule.count { 0.9 } else { 0.5 });
    Some(if connected < rule.count { finding.severe(Severity::Error) } else { finding })
}

/// A failover needs the quorum to see the fault and a majority of all Sentinels to agree on who mends it.
fn few_watchers(one: &Watched) -> Option<Finding> {
    let needed = one.quorum.unwrap_or(1).max(one.watchers / 2 + 1);
    if one.watchers > needed {
        return None;
    }
    let message = format!(
        "{} Sentinels watch {}, and a failover needs {needed} of them: {}.",
        one.watchers,
        one.name,
        if one.watchers < needed { "there can be none" } else { "the loss of one leaves none to act" }
    );
    let finding = Finding::new(one.name.clone(), message)
        .evidence(Evidence::measured("Sentinels", one.watchers as f64, Unit::Count, "SENTINEL MASTERS"))
        .evidence(Evidence::measured("needed", needed as f64, Unit::Count, "quorum and majority"))
        .risks(0.6);
    Some(if one.watchers < needed { finding.severe(Severity::Error).risks(0.9) } else { finding })
}

fn few_shards(context: &Context<'_>) -> Option<Finding> {
    let shards = context.facts.topology.cluster.iter().filter(|node| node.slots > 0).count();
    if !(1..3).contains(&shards) {
        return None;
    }
    let message = format!("{shards} nodes of the cluster serve slots: when one fails the rest has no majority to fail over.");
    Some(Finding::new("server", message).evidence(Evidence::measured("nodes", shards as f64, Unit::Count, "CLUSTER NODES")).risks(0.5))
}

fn two_nodes(context: &Context<'_>) -> Option<Finding> {
    let nodes = context.counter("wsrep_cluster_size").filter(|size| (*size - 2.0).abs() < 0.5)?;
    let message = "The cluster has two nodes: when they lose sight of each other neither has a majority, and both stop.";
    Some(Finding::new("server", message).evidence(Evidence::measured("nodes", nodes, Unit::Count, "wsrep_cluster_size")).risks(0.6))
}

/// What `synchronous_standby_names` requires.
struct Required {
    count: usize,
    names: Vec<String>,
}

impl Required {
    /// Reads `a, b`, `2 (a, b)`, `FIRST 2 (a, b)`, `ANY 2 (a, b)` and `*`; none when nothing is required.
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.is_empty() {
            return None;
        }
        let (head, list) = match (text.find('('), text.strip_suffix(')')) {
            (Some(open), Some(inner)) => (&text[..open], &inner[open + 1..]),
            _ => ("", text),
        };
        let count = head.split_whitespace().find_map(|word| word.parse().ok()).unwrap_or(1);
        let names = list.split(',').map(|name| name.trim().trim_matches('"').to_lowercase()).filter(|name| !name.is_empty()).collect();
        Some(Self { count, names })
    }

    fn admits(&self, name: &str) -> bool {
        self.names.iter().any(|wanted| wanted == "*" || wanted.eq_ignore_ascii_case(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_form() {
        let forms = [("a", 1, 1), ("a, \"b\"", 1, 2), ("2 (a, b, c)", 2, 3), ("FIRST 1 (a)", 1, 1), ("ANY 2 (a, b)", 2, 2), ("*", 1, 1)];
        for (text, count, names) in forms {
            let rule = Required::parse(text).unwrap();
            assert_eq!((rule.count, rule.names.len()), (count, names), "{text}");
        }
        assert!(Required::parse(" ").is_none());
        assert!(Required::parse("*").unwrap().admits("anything"));
    }
}
