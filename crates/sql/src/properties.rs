//! What holds for every text, tried on generated ones.

use dbwright_model::engine::Engine;
use proptest::prelude::*;

use crate::corpus::{Liberties, templates, variant};
use crate::lexer::{Lexer, Options};
use crate::{PieceKind, bind, digest, fingerprint, literals, normalize, parameter_sets, placeholders, quote_identifier, quote_literal};
use crate::{shape, split, unquote_identifier};

fn dialect() -> impl Strategy<Value = Engine> {
    prop::sample::select(&Engine::ALL[..])
}

fn options() -> impl Strategy<Value = Options> {
    (dialect(), any::<bool>(), any::<bool>()).prop_map(|(dialect, no_backslash_escapes, ansi_quotes)| Options {
        dialect,
        no_backslash_escapes,
        ansi_quotes,
    })
}

/// Texts of pieces that mean something to a lexer or a grammar, in any order.
fn soup() -> impl Strategy<Value = String> {
    const PIECES: [&str; 84] = [
        "select ",
        "from ",
        "where ",
        "insert into ",
        "values ",
        "update ",
        "set ",
        "delete ",
        "with ",
        "as ",
        "in ",
        "and ",
        "or ",
        "not ",
        "null ",
        "is ",
        "by ",
        "order ",
        "group ",
        "limit ",
        "begin ",
        "end ",
        "case ",
        "when ",
        "create ",
        "trigger ",
        "function ",
        "atomic ",
        "array",
        "row ",
        "uescape ",
        "delimiter //\n",
        "//",
        "copy t from stdin;\n",
        "\\.\n",
        "\\g",
        "a",
        "t1.",
        "\"b\"",
        "\"B c\"",
        "`d`",
        "[e]",
        "'x'",
        "'it''s'",
        "'open",
        "\"open",
        "`open",
        "$$",
        "$q$",
        "E'\\'",
        "U&'a'",
        "x'1'",
        "N'n'",
        "_utf8'u'",
        "1",
        "-5",
        "1e5",
        ".5",
        "0x1f",
        "?",
        "$1",
        ":n",
        "@v",
        "%s",
        "%(n)s",
        "(",
        ")",
        ",",
        ";",
        "+",
        "-",
        "*",
        "/",
        "<>",
        "!=",
        "::",
        "->>",
        "/*",
        "*/",
        "/*!50000 ",
        "--",
        "#",
        "\n",
        "é…",
    ];
    prop::collection::vec(prop::sample::select(&PIECES[..]), 0..60).prop_map(|pieces| pieces.concat())
}

/// Asserts what holds for every text of every dialect.
fn check(text: &str, options: Options) -> Result<(), TestCaseError> {
    let mut end = 0;
    for token in Lexer::new(text, options) {
        prop_assert!(token.start >= end && token.end > token.start && token.end <= text.len());
        prop_assert!(text.get(token.start..token.end).is_some());
        end = token.end;
    }
    let mut end = 0;
    for piece in split(text, options) {
        prop_assert!(piece.span.start >= end && text.get(piece.span.clone()) == Some(piece.text));
        prop_assert!(piece.kind == PieceKind::ClientCommand || !piece.text.is_empty());
        end = piece.span.end;
    }
    let normal = normalize(text, options);
    prop_assert_eq!(fingerprint(text, options), fingerprint(&format!(" \n{text}"), options));
    prop_assert!(normal.len() <= text.len() * 8 + 8);
    let shape = shape(text, options);
    prop_assert!(!shape.parsed || shape.blocks.iter().all(|block| block.parent.is_none_or(|parent| parent < shape.blocks.len())));
    for span in literals(text, options) {
        prop_assert!(text.get(span).is_some());
    }
    let values = vec!["1"; placeholders(text, options).iter().map(|found| found.index.min(99) + 1).max().unwrap_or(0)];
    let _ = bind(text, options, &values);
    let _ = parameter_sets(text, options);
    let _ = unquote_identifier(text);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_taken(text in any::<String>(), options in options()) {
        check(&text, options)?;
    }

    #[test]
    fn any_soup_is_taken(text in soup(), options in options()) {
        check(&text, options)?;
    }

    #[test]
    fn any_bytes_are_taken(bytes in prop::collection::vec(any::<u8>(), 0..300), options in options()) {
        let mut end = 0;
        for token in Lexer::new(&bytes, options) {
            prop_assert!(token.start >= end && token.end > token.start && token.end <= bytes.len());
            end = token.end;
        }
        let once = digest(&bytes, options);
        prop_assert_eq!(once, digest(&bytes, options));
        let _ = normalize(&bytes, options);
    }

    /// The normal text and the fingerprint tell the same statements apart.
    #[test]
    fn normal_text_and_fingerprint_agree(one in soup(), other in soup(), dialect in dialect()) {
        let same = fingerprint(&one, dialect) == fingerprint(&other, dialect);
        if same {
            prop_assert_eq!(normalize(&one, dialect), normalize(&other, dialect));
        }
    }

    #[test]
    fn variants_are_one_statement(index in any::<prop::sample::Index>(), seeds in any::<(u64, u64)>(), dialect in dialect()) {
        let templates = templates(dialect);
        let template = &templates[index.index(templates.len())];
        let one = variant(template, dialect, Liberties::ALL, seeds.0);
        let other = variant(template, dialect, Liberties::ALL, seeds.1);
        prop_assert_eq!(normalize(&one, dialect), normalize(&other, dialect), "\n{}\n{}", one, other);
    }

    #[test]
    fn other_templates_are_other_statements(
        indexes in any::<(prop::sample::Index, prop::sample::Index)>(), seeds in any::<(u64, u64)>(), dialect in dialect(),
    ) {
        let templates = templates(dialect);
        let (one, other) = (indexes.0.index(templates.len()), indexes.1.index(templates.len()));
        prop_assume!(one != other);
        let one = variant(&templates[one], dialect, Liberties::ALL, seeds.0);
        let other = variant(&templates[other], dialect, Liberties::ALL, seeds.1);
        prop_assert_ne!(fingerprint(&one, dialect), fingerprint(&other, dialect), "\n{}\n{}", one, other);
    }

    #[test]
    fn quoted_names_read_back(name in "[^\0]{0,20}", dialect in dialect()) {
        let quoted = quote_identifier(&name, dialect);
        prop_assert_eq!(unquote_identifier(&quoted).unwrap_or_else(|| quoted.clone()), name);
        let tokens: Vec<_> = Lexer::new(&quoted, dialect).collect();
        prop_assert!(tokens.len() == 1 && tokens[0].terminated);
    }

    #[test]
    fn quoted_values_are_one_literal(value in any::<String>(), options in options()) {
        let quoted = quote_literal(&value, options);
        let statement = format!("SELECT * FROM t WHERE a = {quoted} AND b = 2");
        let plain = fingerprint("SELECT * FROM t WHERE a = 1 AND b = 2", options);
        prop_assert_eq!(fingerprint(&statement, options), plain);
    }

    /// Cutting a statement is noticed, or leaves whole tokens.
    #[test]
    fn a_cut_within_a_token_is_noticed(index in any::<prop::sample::Index>(), seed in any::<u64>(), cut in any::<prop::sample::Index>(), dialect in dialect()) {
        let templates = templates(dialect);
        let text = variant(&templates[index.index(templates.len())], dialect, Liberties::ALL, seed);
        let at = cut.index(text.len() + 1);
        let inside = Lexer::new(&text, dialect).any(|token| {
            let quoted = matches!(text.as_bytes()[token.start], b'\'' | b'"' | b'`');
            quoted && token.start < at && at < token.end
        });
        if inside && text.is_char_boundary(at) && !text[..at].ends_with(['\'', '"', '`']) {
            prop_assert!(digest(&text[..at], dialect).truncated, "{}", &text[..at]);
        }
    }
}

/// Texts that would cost quadratic time if anything looked back or ahead without a bound; each has 64 kB.
#[test]
fn hostile_texts_cost_linear_time() {
    const PARTS: [&str; 30] = [
        "(",
        ")",
        "'",
        "'a' ",
        "\"",
        "a",
        "a.",
        "?",
        "? ",
        "$a$",
        "$a",
        "/*",
        "/* */",
        "--\n",
        "in(",
        "in(1,",
        "values(1),",
        "array[",
        "+",
        "-",
        "\\a ",
        "\\g\n",
        ";",
        "; /**/",
        ") where ",
        "on duplicate key ",
        "case ",
        "begin;",
        "with x as (select ",
        "from a, ",
    ];
    for part in PARTS {
        let text = part.repeat((64 << 10) / part.len());
        for dialect in [Engine::Postgresql, Engine::Mysql, Engine::Sqlite] {
            assert_eq!(fingerprint(&text, dialect), fingerprint(&text, dialect));
            assert!(split(&text, dialect).len() <= text.len());
            let _ = shape(&text, dialect);
            let _ = bind(&text, dialect, &["1"]);
            let _ = literals(&text, dialect);
        }
    }
}
