//! What rules on Redis and Valkey share: patterns of keys with their sample, the policy of eviction, memory. It never
//! makes a finding.

use dbwright_model::catalog::{Collection, CollectionKind, RecordShape};

use crate::context::Context;

/// Keys sampled of a pattern below which their shares say little.
pub(crate) const FEWEST_KEYS: u64 = 10;

/// Keys that share a pattern, with what their sample showed.
pub(crate) struct Pattern<'a> {
    /// The pattern as a collection.
    pub collection: &'a Collection,
    /// Its sample.
    pub shape: &'a RecordShape,
    /// Keys of the pattern, counted or estimated.
    pub keys: f64,
}

impl Pattern<'_> {
    /// The pattern, with its database in front unless that is the first.
    pub(crate) fn name(&self) -> String {
        self.collection.name.to_string()
    }

    /// Share of sampled keys that expire, 0 to 1.
    pub(crate) fn expiring_share(&self) -> f64 {
        self.shape.with_expiry as f64 / self.shape.sampled.max(1) as f64
    }

    /// The one type of all sampled keys.
    pub(crate) fn only_type(&self) -> Option<&str> {
        let mut types = self.shape.types.keys();
        types.next().filter(|_| types.next().is_none()).map(String::as_str)
    }

    /// Share of sampled keys of these encodings, 0 to 1.
    pub(crate) fn encoded_share(&self, encodings: &[&str]) -> f64 {
        let of = |encoding: &&str| self.shape.encodings.get(*encoding).copied().unwrap_or(0);
        encodings.iter().map(of).sum::<u64>() as f64 / self.shape.sampled.max(1) as f64
    }
}

/// The patterns of which keys were looked at.
pub(crate) fn patterns<'a>(context: &'a Context<'_>) -> impl Iterator<Item = Pattern<'a>> {
    let kept = context.facts.catalog.collections.iter().filter(|one| one.kind == CollectionKind::KeyPattern);
    kept.filter_map(|collection| {
        let shape = collection.records.as_ref().filter(|shape| shape.sampled > 0)?;
        Some(Pattern { collection, shape, keys: collection.rows().unwrap_or(0.0) })
    })
}

/// The policy of eviction: from the settings, or from INFO where settings may not be read.
pub(crate) fn policy(context: &Context<'_>) -> Option<String> {
    context.setting_text("maxmemory-policy").or_else(|| context.facts.health.notes.get("maxmemory_policy").cloned())
}

/// Whether the server evicts whatever key is in the way, as a cache does.
pub(crate) fn is_cache(context: &Context<'_>) -> bool {
    policy(context).is_some_and(|policy| policy.starts_with("allkeys-"))
}

/// Memory in use, bytes.
pub(crate) fn used_memory(context: &Context<'_>) -> Option<f64> {
    context.facts.health.memory.map(|memory| memory.used)
}

/// `maxmemory`, bytes; none when there is no limit or it is not known.
pub(crate) fn memory_limit(context: &Context<'_>) -> Option<f64> {
    context.facts.health.memory.map(|memory| memory.limit).filter(|limit| *limit > 0.0)
}

/// Whether what stands for the pattern's first variable part has a digit: then it is an identifier, not a word.
pub(crate) fn is_numbered(pattern: &str, name: &str) -> bool {
    let fixed = pattern.split('*').next().unwrap_or_default();
    !fixed.is_empty() && name.strip_prefix(fixed).is_some_and(|rest| rest.bytes().any(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_told_from_words() {
        assert!(is_numbered("user:*", "user:17") && is_numbered("cart:*:lines", "cart:9f3a:lines"));
        assert!(!is_numbered("app:*", "app:settings") && !is_numbered("*", "x1") && !is_numbered("user:*", "cart:1"));
    }
}
