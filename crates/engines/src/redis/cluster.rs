//! Reading the answers of CLUSTER NODES and SENTINEL MASTERS. Pure; it never contacts another node.

use std::collections::BTreeMap;

use dbwright_model::topology::{ClusterNode, Role, Watched};
use redis::Value;

use super::facts::text_of;
use super::latency::entries;

/// Nodes and watched primaries that are kept at most.
const MOST: usize = 2_000;

/// The nodes of `CLUSTER NODES`, one a line; lines that are none are passed over.
pub(super) fn nodes(text: &str) -> Vec<ClusterNode> {
    text.lines().filter_map(node).take(MOST).collect()
}

/// `id host:port@bus[,name] flags primary ping pong epoch link slot…`
fn node(line: &str) -> Option<ClusterNode> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [id, address, flags, primary, _, _, _, link, slots @ ..] = words.as_slice() else { return None };
    let flags: Vec<&str> = flags.split(',').collect();
    let has = |wanted: &str| flags.contains(&wanted);
    let role = if has("master") {
        Role::Primary
    } else if has("slave") || has("replica") {
        Role::Replica
    } else {
        Role::Unknown
    };
    Some(ClusterNode {
        id: (*id).to_owned(),
        address: address.split('@').next().unwrap_or(address).to_owned(),
        role,
        own: has("myself"),
        failing: has("fail") || has("fail?"),
        connected: has("myself") || *link == "connected",
        slots: slots.iter().map(|range| count(range)).sum(),
        follows: (*primary != "-").then(|| (*primary).to_owned()),
    })
}

/// Slots of `7` or `0-5460`; those on their way from or to another node stand in brackets and count where they are.
fn count(range: &str) -> u64 {
    let (first, last) = range.split_once('-').unwrap_or((range, range));
    match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(first), Ok(last)) if first <= last && last < 16_384 => last - first + 1,
        _ => 0,
    }
}

/// The primaries of `SENTINEL MASTERS`.
pub(super) fn watched(answer: &Value) -> Vec<Watched> {
    let Value::Array(primaries) = answer else { return Vec::new() };
    primaries.iter().take(MOST).filter_map(primary).collect()
}

fn primary(answer: &Value) -> Option<Watched> {
    let fields: BTreeMap<String, String> =
        entries(answer).into_iter().filter_map(|(name, value)| Some((text_of(name)?, text_of(value)?))).collect();
    let number = |name: &str| fields.get(name).and_then(|text| text.parse::<u64>().ok());
    Some(Watched {
        name: fields.get("name")?.clone(),
        state: fields.get("flags").cloned().unwrap_or_default(),
        replicas: number("num-slaves").unwrap_or(0),
        watchers: number("num-other-sentinels").unwrap_or(0) + 1,
        quorum: number("quorum"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_with_slots_and_flags() {
        let text = "07c3 127.0.0.1:30004@31004,host4 slave e7d1 0 1426238317239 4 connected\n\
                    67ed 127.0.0.1:30002@31002 master,fail - 0 1426238316232 2 disconnected 5461-10922 [10923->-e7d1]\n\
                    e7d1 127.0.0.1:30001@31001 myself,master - 0 0 1 connected 0-5460 16383\nnonsense\n";
        let found = nodes(text);
        assert_eq!(found.len(), 3);
        assert_eq!(
            (found[0].role, found[0].follows.as_deref(), found[0].address.as_str()),
            (Role::Replica, Some("e7d1"), "127.0.0.1:30004")
        );
        assert_eq!((found[1].failing, found[1].connected, found[1].slots), (true, false, 5462));
        assert_eq!((found[2].own, found[2].slots, found[2].failing), (true, 5462, false));
    }

    #[test]
    fn hostile_ranges_count_nothing() {
        assert_eq!([count("5-1"), count("0-99999999999"), count("x"), count("[1->-a]"), count("9")], [0, 0, 0, 0, 1]);
    }

    #[test]
    fn a_sentinel_counts_itself() {
        let word = |text: &str| Value::BulkString(text.as_bytes().to_vec());
        let fields = ["name", "shop", "flags", "master", "num-slaves", "1", "num-other-sentinels", "2", "quorum", "2"];
        let found = watched(&Value::Array(vec![Value::Array(fields.iter().map(|text| word(text)).collect())]));
        assert_eq!((found[0].watchers, found[0].quorum, found[0].replicas), (3, Some(2), 1));
    }
}
