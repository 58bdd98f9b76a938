//! Words with a meaning of their own, as sorted tables. It never decides what a statement means.

use crate::bytes8;

/// The longest word of the tables, in bytes.
const LONGEST: usize = 24;

/// Whether an operand is expected behind the word, so that a `-` or `?` behind it begins one.
pub(crate) fn leads_expression(word: &[u8]) -> bool {
    contains(LEADS_EXPRESSION, word)
}

/// Whether the word can only stand behind a complete operand.
pub(crate) fn follows_expression(word: &[u8]) -> bool {
    contains(FOLLOWS_EXPRESSION, word)
}

/// Whether the word is reserved in one of the dialects, so that an identifier of that name has to be quoted.
pub(crate) fn is_reserved(word: &[u8]) -> bool {
    is_reserved_head(bytes8::lowercase(bytes8::load(word, 0)), word)
}

/// The same for a word whose first eight bytes come as a chunk in small letters, with zeros behind a shorter word.
#[inline]
pub(crate) fn is_reserved_head(head: u64, word: &[u8]) -> bool {
    let (index, bit) = filter_place(head);
    RESERVED_FILTER[index] & bit != 0 && is_in_reserved(head, word)
}

fn is_in_reserved(head: u64, word: &[u8]) -> bool {
    let key = head.swap_bytes();
    let first = RESERVED_KEYS.partition_point(|own| *own < key);
    let same_head = RESERVED_KEYS.iter().skip(first).take_while(|own| **own == key).count();
    let candidates = RESERVED.get(first..first + same_head).unwrap_or_default();
    candidates.iter().any(|own| own.as_bytes().eq_ignore_ascii_case(word))
}

/// Where the filter holds words with these first eight bytes.
#[inline]
const fn filter_place(head: u64) -> (usize, u64) {
    let hash = head.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 52;
    ((hash >> 6) as usize, 1 << (hash & 63))
}

/// A quick answer that is no for nearly every word that is not reserved.
static RESERVED_FILTER: [u64; 64] = build_filter();

const fn build_filter() -> [u64; 64] {
    let mut filter = [0; 64];
    let mut at = 0;
    while at < RESERVED.len() {
        let (index, bit) = filter_place(bytes8::first_key(RESERVED[at].as_bytes()));
        filter[index] |= bit;
        at += 1;
    }
    filter
}

/// The first eight bytes of each reserved word, in the words' order, which is that of these numbers too.
static RESERVED_KEYS: [u64; RESERVED.len()] = build_keys();

const fn build_keys() -> [u64; RESERVED.len()] {
    let mut keys = [0; RESERVED.len()];
    let mut at = 0;
    while at < RESERVED.len() {
        keys[at] = bytes8::first_key(RESERVED[at].as_bytes()).swap_bytes();
        at += 1;
    }
    keys
}

/// Whether a name has to be quoted to be sure: reserved somewhere, or a keyword that some version may read otherwise.
pub(crate) fn must_be_quoted(word: &[u8]) -> bool {
    is_shown_in_capitals(word)
}

/// Whether the word is shown in capitals in normalized text.
pub(crate) fn is_shown_in_capitals(word: &[u8]) -> bool {
    is_reserved(word) || contains(ALSO_CAPITALS, word)
}

fn contains(table: &[&str], word: &[u8]) -> bool {
    let mut lower = [0_u8; LONGEST];
    let Some(buffer) = lower.get_mut(..word.len()) else {
        return false;
    };
    buffer.copy_from_slice(word);
    buffer.make_ascii_lowercase();
    let key: &[u8] = buffer;
    table.binary_search_by(|entry| entry.as_bytes().cmp(key)).is_ok()
}

static LEADS_EXPRESSION: &[&str] = &[
    "all",
    "and",
    "any",
    "as",
    "between",
    "by",
    "case",
    "check",
    "collate",
    "default",
    "distinct",
    "div",
    "else",
    "except",
    "exists",
    "from",
    "glob",
    "having",
    "ilike",
    "in",
    "intersect",
    "interval",
    "is",
    "like",
    "limit",
    "not",
    "on",
    "or",
    "regexp",
    "return",
    "returning",
    "rlike",
    "select",
    "some",
    "then",
    "to",
    "union",
    "using",
    "values",
    "when",
    "where",
];

#[rustfmt::skip]
static FOLLOWS_EXPRESSION: &[&str] = &[
    "and", "as", "asc", "between", "collate", "cross", "desc", "div", "else", "end", "escape", "except",
    "fetch", "for", "from", "full", "glob", "group", "having", "ilike", "in", "inner", "intersect", "is",
    "isnull", "join", "left", "like", "limit", "mod", "natural", "notnull", "nulls", "offset", "on", "or",
    "order", "returning", "right", "then", "union", "when", "where",
];

#[rustfmt::skip]
const RESERVED: &[&str] = &[
    "add", "all", "alter", "analyse", "analyze", "and", "any", "array", "as", "asc", "asymmetric", "begin",
    "between", "both", "by", "call", "cascade", "case", "cast", "change", "check", "collate", "column",
    "commit", "condition", "constraint", "convert", "create", "cross", "current_catalog", "current_date",
    "current_role", "current_schema", "current_time", "current_timestamp", "current_user", "cursor",
    "database", "databases", "default", "deferrable", "delete", "desc", "describe", "distinct", "div", "do",
    "drop", "else", "end", "escape", "except", "exists", "explain", "false", "fetch", "for", "force",
    "foreign", "from", "full", "glob", "grant", "group", "having", "if", "ignore", "ilike", "in", "index",
    "inner", "insert", "intersect", "interval", "into", "is", "isnull", "join", "key", "keys", "lateral",
    "leading", "left", "like", "limit", "localtime", "localtimestamp", "lock", "match", "merge", "mod",
    "natural", "not", "notnull", "null", "offset", "on", "only", "or", "order", "outer", "over", "overlaps",
    "partition", "placing", "primary", "procedure", "range", "references", "regexp", "replace", "returning",
    "revoke", "right", "rlike", "rollback", "row", "rows", "select", "session_user", "set", "show", "similar",
    "some", "straight_join", "symmetric", "system_user", "table", "tablesample", "then", "to", "trailing",
    "trigger", "true", "union", "unique", "update", "user", "using", "values", "when",
];

#[rustfmt::skip]
static ALSO_CAPITALS: &[&str] = &[
    "autoincrement", "columns", "concurrently", "conflict", "deallocate", "duplicate", "each", "exclude",
    "execute", "filter", "first", "following", "function", "high_priority", "last", "load", "local",
    "materialized", "next", "no", "nothing", "nulls", "option", "ordinality", "plan", "pragma", "preceding",
    "prepare", "query", "recursive", "refresh", "rename", "restrict", "returns", "savepoint", "schema",
    "share", "skip", "sql_no_cache", "start", "temporary", "transaction", "truncate", "unbounded", "vacuum",
    "value", "view", "where", "window", "with", "without", "work",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_sorted_and_fit() {
        let tables = [LEADS_EXPRESSION, FOLLOWS_EXPRESSION, RESERVED, ALSO_CAPITALS];
        for table in tables {
            assert!(table.windows(2).all(|pair| pair[0] < pair[1]));
            assert!(table.iter().all(|word| word.len() <= LONGEST));
        }
    }

    #[test]
    fn lookup_ignores_case_and_length() {
        assert!(leads_expression(b"SeLeCt"));
        assert!(!leads_expression(b"selector"));
        assert!(!is_reserved(&[b'x'; 1000]));
        assert!(is_reserved(b"Current_Timestamp"));
        assert!(RESERVED.iter().all(|word| is_reserved(word.as_bytes())));
        assert!(RESERVED_KEYS.is_sorted());
        assert!(!is_reserved(b"current_") && !is_reserved(b"users") && !is_reserved(b""));
    }
}
