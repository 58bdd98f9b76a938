//! A corpus of statements for tests: templates that all mean something else, and for each any number of texts that
//! mean the same. It never asks the clock or chance: a seed gives the same text always.
//!
//! The templates speak about the tables of [`schema`], so that a real server can be asked about them too.

use dbwright_model::engine::Engine;

/// Which liberties a variant takes with its template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Liberties {
    /// White space, line breaks, and their absence.
    pub spacing: bool,
    /// Comments, nested ones in PostgreSQL.
    pub comments: bool,
    /// Letter case of keywords and names.
    pub case: bool,
    /// Quotes around names that do not need them.
    pub quoting: bool,
    /// The notations of literals, with signs.
    pub notation: bool,
    /// Placeholders for values.
    pub placeholders: bool,
    /// The lengths of `IN` lists and the numbers of `VALUES` rows.
    pub lengths: bool,
    /// Semicolons at the end.
    pub semicolons: bool,
}

impl Liberties {
    /// All of them.
    pub const ALL: Self = Self {
        spacing: true,
        comments: true,
        case: true,
        quoting: true,
        notation: true,
        placeholders: true,
        lengths: true,
        semicolons: true,
    };
}

/// The tables of the corpus, each with the columns `id`, `owner_id` and `amount` (integers), `name` and `note` (texts).
pub const TABLES: [&str; 5] = ["users", "orders", "items", "audit_log", "t1"];
const NUMBERS: [&str; 3] = ["id", "owner_id", "amount"];
const TEXTS: [&str; 2] = ["name", "note"];

/// Statements that create the corpus' tables.
#[must_use]
pub fn schema() -> String {
    let table = |name: &&str| {
        format!("CREATE TABLE {name} (id int PRIMARY KEY, owner_id int, amount int, name varchar(200), note varchar(200));\n")
    };
    TABLES.iter().map(table).collect()
}

/// Templates that all differ in what they do: some hundreds. Parts are separated by spaces; `#x` is a name, `{i}` an
/// integer, `{t}` a text, `{li}` and `{lt}` are list elements, `{rows}` is rows of an integer and a text.
#[must_use]
pub fn templates(dialect: Engine) -> Vec<String> {
    let mut all = Vec::new();
    for table in TABLES {
        for_table(&mut all, table, dialect);
    }
    for pair in TABLES.windows(2) {
        for_pair(&mut all, pair[0], pair[1]);
    }
    all.extend(SINGLE.iter().map(|template| (*template).to_owned()));
    if dialect == Engine::Postgresql {
        all.extend(OF_POSTGRESQL.iter().map(|template| (*template).to_owned()));
    }
    all
}

fn for_table(all: &mut Vec<String>, table: &str, dialect: Engine) {
    for column in NUMBERS {
        for operator in ["=", "<", ">", "<=", ">=", "<>"] {
            all.push(format!("SELECT #id , #name FROM #{table} WHERE #{column} {operator} {{i}}"));
        }
        all.push(format!("SELECT #id FROM #{table} WHERE #{column} IN ( {{li}} )"));
        all.push(format!("SELECT #id FROM #{table} WHERE #{column} NOT IN ( {{li}} )"));
        all.push(format!("SELECT #id FROM #{table} WHERE #{column} BETWEEN {{i}} AND {{i}}"));
        all.push(format!("SELECT #id FROM #{table} WHERE #{column} IS NULL"));
        all.push(format!("SELECT #id FROM #{table} WHERE #{column} IS NOT NULL"));
        all.push(format!("UPDATE #{table} SET #{column} = {{i}} WHERE #id = {{i}}"));
        all.push(format!("UPDATE #{table} SET #{column} = #{column} - {{i}}"));
        all.push(format!("UPDATE #{table} SET #{column} = #{column} + {{i}}"));
        all.push(format!("DELETE FROM #{table} WHERE #{column} = {{i}}"));
        all.push(format!("SELECT sum ( #{column} ) FROM #{table}"));
        all.push(format!("SELECT #name , max ( #{column} ) FROM #{table} GROUP BY #name"));
        all.push(format!("SELECT #id FROM #{table} ORDER BY #{column} DESC LIMIT {{i}}"));
    }
    for column in TEXTS {
        all.push(format!("SELECT * FROM #{table} WHERE #{column} LIKE {{t}}"));
        all.push(format!("SELECT * FROM #{table} WHERE #{column} IN ( {{lt}} ) AND #id > {{i}}"));
        all.push(format!("SELECT DISTINCT #{column} FROM #{table} WHERE lower ( #{column} ) = {{t}}"));
        all.push(format!("INSERT INTO #{table} ( #id , #{column} ) VALUES {{rows}}"));
        all.push(format!("SELECT coalesce ( #{column} , {{t}} ) FROM #{table}"));
        all.push(format!("SELECT coalesce ( #{column} , {{t}} , {{t}} ) FROM #{table}"));
    }
    let conflict = match dialect {
        Engine::Mysql | Engine::Mariadb => "ON DUPLICATE KEY UPDATE #name = VALUES ( #name )",
        _ => "ON CONFLICT ( #id ) DO UPDATE SET #name = excluded . #name",
    };
    all.push(format!("INSERT INTO #{table} ( #id , #name ) VALUES {{rows}} {conflict}"));
    all.push(format!("SELECT #name , #amount FROM #{table} ORDER BY 1"));
    all.push(format!("SELECT #name , #amount FROM #{table} ORDER BY 2"));
    all.push(format!("SELECT #name , #amount FROM #{table} ORDER BY 1 , 2 DESC"));
}

fn for_pair(all: &mut Vec<String>, left: &str, right: &str) {
    for join in ["JOIN", "LEFT JOIN"] {
        all.push(format!("SELECT a . #id FROM #{left} AS a {join} #{right} AS b ON a . #id = b . #owner_id WHERE b . #name = {{t}}"));
        all.push(format!("SELECT a . #id FROM #{left} AS a {join} #{right} AS b ON b . #id = a . #owner_id WHERE b . #name = {{t}}"));
    }
    for set in ["UNION", "UNION ALL"] {
        all.push(format!("SELECT #id FROM #{left} {set} SELECT #id FROM #{right}"));
    }
    all.push(format!("SELECT * FROM #{left} WHERE #id IN ( SELECT #owner_id FROM #{right} WHERE #amount > {{i}} )"));
    all.push(format!("SELECT * FROM #{left} WHERE NOT EXISTS ( SELECT {{i}} FROM #{right} WHERE #{left} . #id = #{right} . #owner_id )"));
    all.push(format!("INSERT INTO #{left} ( #id , #name ) SELECT #id , #name FROM #{right} WHERE #id < {{i}}"));
    all.push(format!("WITH recent AS ( SELECT #id FROM #{left} WHERE #amount > {{i}} ) SELECT count ( * ) FROM recent , #{right}"));
}

const SINGLE: [&str; 14] = [
    "SELECT {i}",
    "SELECT {i} , {i}",
    "SELECT #id - {i} FROM #users",
    "SELECT - #id FROM #users",
    "SELECT #id , - #amount FROM #users",
    "SELECT CASE WHEN #amount > {i} THEN {t} ELSE {t} END FROM #users",
    "SELECT CASE WHEN #amount > {i} THEN {t} END FROM #users",
    "SELECT #amount * {i} FROM #users",
    "SELECT ( #amount ) - {i} FROM #users",
    "SELECT ( #amount ) + {i} FROM #users",
    "SELECT #name FROM #users WHERE #amount = {i} OR #id = {i}",
    "SELECT #name FROM #users WHERE #amount = {i} AND #id = {i}",
    "SELECT #name FROM #users WHERE NOT #amount = {i}",
    "SELECT count ( DISTINCT #name ) , count ( * ) FROM #users",
];

const OF_POSTGRESQL: [&str; 8] = [
    "SELECT #id FROM #users WHERE #id = ANY ( ARRAY [ {li} ] )",
    "SELECT #amount :: text FROM #users",
    "SELECT #amount :: bigint FROM #users",
    "SELECT #id FROM #users WHERE #name IS DISTINCT FROM {t}",
    "SELECT #id FROM #users WHERE #name ~ {t}",
    "SELECT #id FROM #users WHERE #name !~ {t}",
    "SELECT #id FROM #users WHERE #name ILIKE {t}",
    "SELECT #name || {t} FROM #users FOR UPDATE",
];

/// One of the texts of a template.
#[must_use]
pub fn variant(template: &str, dialect: Engine, liberties: Liberties, seed: u64) -> String {
    let mut writer = Writer { dialect, liberties, random: Random(seed), text: String::new() };
    writer.write(template);
    writer.text
}

/// Numbers that look random and depend on the seed alone (SplitMix64).
#[derive(Debug, Clone)]
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound.max(1)
    }

    fn one_of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        let index = self.below(choices.len() as u64) as usize;
        choices.get(index).copied().unwrap_or_default()
    }
}

struct Writer {
    dialect: Engine,
    liberties: Liberties,
    random: Random,
    text: String,
}

impl Writer {
    fn write(&mut self, template: &str) {
        self.free_gap();
        for part in template.split(' ') {
            match part {
                "{i}" => self.value(false),
                "{t}" => self.value(true),
                "{li}" => self.list(false),
                "{lt}" => self.list(true),
                "{rows}" => self.rows(),
                _ => match part.strip_prefix('#') {
                    Some(name) => self.name(name),
                    None => {
                        let word = self.cased(part);
                        self.part(&word);
                    }
                },
            }
        }
        if self.liberties.semicolons && self.random.below(3) == 0 {
            self.text.push_str(self.random.clone().one_of(&[";", " ;", ";;", "; -- end"]));
        }
    }

    /// Writes a part, kept apart from what stands before as far as it has to be.
    fn part(&mut self, part: &str) {
        let wordlike = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '\'' | '"' | '`' | '$' | '?' | ':' | '@' | '%');
        let operator = |letter: char| "+-*/<>=~!@#%^&|?:.".contains(letter);
        let (before, first) = (self.text.chars().next_back(), part.chars().next());
        let both = |test: &dyn Fn(char) -> bool| before.is_some_and(test) && first.is_some_and(test);
        // A sign, a dot or a placeholder reads otherwise when it touches an operator or a word.
        let mixed = before.is_some_and(|letter| wordlike(letter) || operator(letter) || letter == ')')
            && first.is_some_and(|letter| matches!(letter, '-' | '+' | '.' | ':' | '%' | '@' | '?' | '$'));
        if both(&wordlike) || both(&operator) || mixed || before == Some('.') {
            self.gap();
        } else if self.random.below(2) == 0 {
            self.free_gap();
        } else if !self.liberties.spacing {
            self.text.push(' ');
        }
        self.text.push_str(part);
    }

    /// White space or a comment.
    fn gap(&mut self) {
        let before = self.text.len();
        self.free_gap();
        if !self.text[before..].starts_with([' ', '\t', '\n', '\r']) {
            self.text.insert(before, ' ');
        }
    }

    fn free_gap(&mut self) {
        if self.liberties.comments && self.random.below(6) == 0 {
            let comments: &[&str] = match self.dialect {
                Engine::Postgresql => &[" /* a /* nested */ b */ ", " -- it's\n", "/*+ Hint(x) */", " --\n", "/**/"],
                Engine::Mysql | Engine::Mariadb => &[" /* it's */ ", " -- \"x\n", " # 'y\n", "/*+ MAX_EXECUTION_TIME(1) */", "/**/"],
                _ => &[" /* it's */ ", " -- \"x\n", "/**/"],
            };
            self.text.push_str(self.random.one_of(comments));
        } else if self.liberties.spacing {
            self.text.push_str(self.random.one_of(&["", " ", "  ", "\n", "\t", "\r\n    "]));
        } else if !self.text.is_empty() {
            self.text.push(' ');
        }
    }

    fn cased(&mut self, word: &str) -> String {
        if !self.liberties.case {
            return word.to_owned();
        }
        match self.random.below(3) {
            0 => word.to_ascii_uppercase(),
            1 => word.to_ascii_lowercase(),
            _ => word.to_owned(),
        }
    }

    fn name(&mut self, name: &str) {
        let quoted = self.liberties.quoting && self.random.below(4) == 0;
        let text = match self.dialect {
            _ if !quoted => self.cased(name),
            Engine::Postgresql => format!("\"{name}\""),
            Engine::Mysql | Engine::Mariadb => format!("`{name}`"),
            _ => match self.random.below(3) {
                0 => format!("[{name}]"),
                1 => format!("`{name}`"),
                _ => format!("\"{}\"", self.cased(name)),
            },
        };
        self.part(&text);
    }

    fn value(&mut self, text: bool) {
        let value = self.some_value(text);
        self.part(&value);
    }

    fn some_value(&mut self, text: bool) -> String {
        if self.liberties.placeholders && self.random.below(3) == 0 {
            let styles: &[&str] = match self.dialect {
                Engine::Postgresql => &["$1", "$12", "?", ":name", "@name", "%s", "%(name)s"],
                Engine::Mysql | Engine::Mariadb => &["?", ":name", "%s"],
                _ => &["?", "?7", ":name", "@name", "$name", "%s"],
            };
            return self.random.one_of(styles).to_owned();
        }
        if !self.liberties.notation {
            let number = self.random.below(10_000);
            return if text { format!("'v{number}'") } else { number.to_string() };
        }
        let choices: &[&str] = match (text, self.dialect) {
            (false, _) => &["42", "-7", "0", "+3", "- 5", "123456"],
            (true, Engine::Postgresql) => &[
                "'a'",
                "'it''s'",
                "''",
                "E'it\\'s'",
                "e'\\\\'",
                "$$it's$$",
                "$q$ $$ ; -- $q$",
                "'-- x'",
                "'/* x'",
                "'\"'",
                "'a\nb'",
                "N'x'",
                "'x' \n 'y'",
                "U&'\\0061'",
            ],
            (true, Engine::Mysql | Engine::Mariadb) => &[
                "'a'",
                "'it''s'",
                "''",
                "'it\\'s'",
                "\"a\"\"b\"",
                "\"it's\"",
                "'-- x'",
                "'# x'",
                "'\\\\'",
                "N'x'",
                "_utf8mb4'x'",
                "'x' 'y'",
            ],
            (true, _) => &["'a'", "'it''s'", "''", "'\\'", "'-- x'", "'/* x'", "x'ff'", "'\"'"],
        };
        self.random.one_of(choices).to_owned()
    }

    fn list(&mut self, text: bool) {
        let length = if self.liberties.lengths { 1 + self.random.below(6) } else { 2 };
        for index in 0..length {
            if index > 0 {
                self.part(",");
            }
            self.value(text);
        }
    }

    fn rows(&mut self) {
        let count = if self.liberties.lengths { 1 + self.random.below(5) } else { 1 };
        for index in 0..count {
            if index > 0 {
                self.part(",");
            }
            self.part("(");
            self.value(false);
            self.part(",");
            self.value(true);
            self.part(")");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::{Fingerprinter, normalize, shape};

    #[test]
    fn variants_share_a_fingerprint_and_templates_do_not() {
        for dialect in [Engine::Postgresql, Engine::Mysql, Engine::Mariadb, Engine::Sqlite] {
            let mut fingerprinter = Fingerprinter::new(dialect);
            let mut known = BTreeMap::new();
            let templates = templates(dialect);
            assert!(templates.len() > 300);
            for template in &templates {
                let first = variant(template, dialect, Liberties::ALL, 0);
                let digest = fingerprinter.digest(&first);
                assert!(!digest.truncated, "{first}");
                if let Some(other) = known.insert(digest.fingerprint, template) {
                    panic!("merged: {other} | {template}");
                }
                for seed in 1..60 {
                    let other = variant(template, dialect, Liberties::ALL, seed);
                    let same = fingerprinter.digest(&other).fingerprint == digest.fingerprint;
                    assert!(same, "split:\n{first}\n{other}\n{}\n{}", normalize(&first, dialect), normalize(&other, dialect));
                }
            }
        }
    }

    #[test]
    fn templates_parse() {
        let plain = Liberties { placeholders: false, notation: false, ..Liberties::ALL };
        for dialect in [Engine::Postgresql, Engine::Mysql, Engine::Sqlite] {
            for template in templates(dialect) {
                let text = variant(&template, dialect, plain, 3);
                assert!(shape(&text, dialect).parsed, "{text}");
            }
        }
    }

    #[test]
    fn seeds_decide() {
        let template = "SELECT #id FROM #users WHERE #id = {i}";
        let one = variant(template, Engine::Sqlite, Liberties::ALL, 7);
        assert_eq!(one, variant(template, Engine::Sqlite, Liberties::ALL, 7));
        let texts: std::collections::BTreeSet<String> =
            (0..50).map(|seed| variant(template, Engine::Sqlite, Liberties::ALL, seed)).collect();
        assert!(texts.len() > 40);
    }
}
