use super::*;
use Kind::{
    BlockComment, CloseParenthesis, Comma, ConditionalEnd, ConditionalStart, Dot, Hint, LineComment, Number, OpenBracket, OpenParenthesis,
    Operator, Parameter, QuotedIdentifier, Variable, Word,
};

fn lex(text: &str, options: impl Into<Options>) -> Vec<(Kind, &str)> {
    Lexer::new(text, options).map(|token| (token.kind, &text[token.start..token.end])).collect()
}

fn single(text: &str, options: impl Into<Options>) -> Kind {
    let tokens = lex(text, options);
    assert_eq!(tokens.len(), 1, "{text}: {tokens:?}");
    tokens[0].0
}

const PG: Engine = Engine::Postgresql;
const MY: Engine = Engine::Mysql;
const LITE: Engine = Engine::Sqlite;

#[test]
fn strings_of_postgresql() {
    for text in ["'a''b'", "E'a\\'b'", "e'\\\\'", "x'1f'", "B'01'", "N'x'", "U&'\\0061'", "$$a'b$$", "$tag$ $$ $x$ $tag$", "'back\\'", "''"]
    {
        assert_eq!(single(text, PG), Kind::String, "{text}");
    }
    assert_eq!(single("U&\"d\\0061t\"", PG), QuotedIdentifier);
    assert_eq!(single("\"a\"\"b\"", PG), QuotedIdentifier);
}

#[test]
fn strings_of_mysql_and_its_modes() {
    for text in [r"'a\'b'", r#""a\"b""#, "\"a\"\"b\"", "_utf8mb4'x'", "_latin1\"x\"", "x'ff'", "b'1'", "n'x'"] {
        assert_eq!(single(text, MY), Kind::String, "{text}");
    }
    let plain = Options { no_backslash_escapes: true, ..MY.into() };
    assert_eq!(single(r"'a\'", plain), Kind::String);
    let ansi = Options { ansi_quotes: true, ..MY.into() };
    assert_eq!(single("\"a\"", ansi), QuotedIdentifier);
    assert_eq!(single("`a``b`", MY), QuotedIdentifier);
}

#[test]
fn identifiers_of_sqlite() {
    for text in ["\"a\"", "`a`", "[a b]"] {
        assert_eq!(single(text, LITE), QuotedIdentifier, "{text}");
    }
    assert_eq!(lex("a[1]", PG)[1].0, OpenBracket);
}

#[test]
fn numbers() {
    for text in ["1", "1.5", ".5", "5.", "1e5", "1E-5", "1.5e+10", "0x1F", "0b01", "0o17", "1_000"] {
        assert_eq!(single(text, PG), Number, "{text}");
    }
    assert_eq!(lex("1..10", PG).len(), 4);
    assert_eq!(lex("t.5", MY), [(Word, "t"), (Dot, "."), (Word, "5")]);
    assert_eq!(single("1st", MY), Word);
    assert_eq!(single("1e5", MY), Number);
}

#[test]
fn parameters() {
    for (text, dialect) in [
        ("$1", PG),
        ("?", PG),
        (":name", PG),
        ("@name", PG),
        ("%s", PG),
        ("%(name)s", PG),
        (":'name'", PG),
        ("?", MY),
        (":name", MY),
        ("%s", MY),
        ("?1", LITE),
        (":name", LITE),
        ("@name", LITE),
        ("$name", LITE),
    ] {
        assert_eq!(single(text, dialect), Parameter, "{text}");
    }
    assert_eq!(lex("a=@b", PG)[2], (Parameter, "@b"));
    assert_eq!(lex("/**/@b", PG)[1], (Parameter, "@b"));
    assert_eq!(lex("a<@b", PG)[1], (Operator, "<@"));
    assert_eq!(single("@name", MY), Variable);
    assert_eq!(single("@@global.x", MY), Variable);
    assert_eq!(lex("a::int", PG)[1], (Operator, "::"));
    assert_eq!(lex("a[1:n]", PG).len(), 6);
    assert_eq!(lex("5 % 2", PG)[1], (Operator, "%"));
    assert_eq!(lex("a%s", PG)[1], (Operator, "%"));
}

#[test]
fn question_marks_of_postgresql() {
    assert_eq!(lex("data ? 'key'", PG)[1], (Operator, "?"));
    assert_eq!(lex("data ?| array['a']", PG)[1], (Operator, "?|"));
    assert_eq!(lex("data ?& $1", PG)[1], (Operator, "?&"));
    assert_eq!(lex("select ? from t", PG)[1], (Parameter, "?"));
    assert_eq!(lex("a = ? and b", PG)[2], (Parameter, "?"));
    assert_eq!(lex("f(?, ?)", PG)[2], (Parameter, "?"));
    assert_eq!(lex("a like ? escape 'x'", PG)[2], (Parameter, "?"));
}

#[test]
fn operators() {
    assert_eq!(lex("a=-5", PG)[1], (Operator, "="));
    assert_eq!(lex("a@-5", PG)[1], (Operator, "@-"));
    assert_eq!(lex("a->>'b'", PG)[1], (Operator, "->>"));
    assert_eq!(lex("a<=>b", MY)[1], (Operator, "<=>"));
    assert_eq!(lex("a->>'$.b'", MY)[1], (Operator, "->>"));
    assert_eq!(lex("a||b", LITE)[1], (Operator, "||"));
    assert_eq!(lex("a<-1", LITE)[1], (Operator, "<"));
    assert_eq!(lex("a@>b", PG)[1], (Operator, "@>"));
}

#[test]
fn comments() {
    assert_eq!(single("/* a /* b */ c */", PG), BlockComment);
    assert_eq!(lex("/* a /* b */ c", LITE), [(BlockComment, "/* a /* b */"), (Word, "c")]);
    assert_eq!(single("/*+ SeqScan(t) */", PG), Hint);
    assert_eq!(single("# x", MY), LineComment);
    assert_eq!(lex("1--1", MY), [(Number, "1"), (Operator, "-"), (Operator, "-"), (Number, "1")]);
    assert_eq!(lex("1-- 1", MY), [(Number, "1"), (LineComment, "-- 1")]);
    assert_eq!(lex("1--1", PG), [(Number, "1"), (LineComment, "--1")]);
    assert_eq!(lex("/*!50001 a */b", MY), [(ConditionalStart, "/*!50001"), (Word, "a"), (ConditionalEnd, "*/"), (Word, "b")]);
    assert_eq!(single("/*M!100100 a */", MY), BlockComment);
    assert_eq!(lex("/*M!100100 a */", Engine::Mariadb).len(), 3);
    assert_eq!(single("/*!50001 a */", PG), BlockComment);
}

#[test]
fn unterminated_tokens_say_so() {
    for (text, dialect) in [
        ("'abc", PG),
        ("\"abc", PG),
        ("/* abc", PG),
        ("$$abc", PG),
        ("E'abc\\'", PG),
        ("`abc", MY),
        ("'abc\\'", MY),
        ("[abc", LITE),
        ("/* a /* b */", PG),
    ] {
        let token = Lexer::new(text, dialect).next();
        assert!(token.is_some_and(|token| !token.terminated && token.end == text.len()), "{text}");
    }
}

#[test]
fn spans_are_offsets_into_the_text() {
    let text = "select  f( é ) , x";
    assert_eq!(
        lex(text, PG),
        [(Word, "select"), (Word, "f"), (OpenParenthesis, "("), (Word, "é"), (CloseParenthesis, ")"), (Comma, ","), (Word, "x")]
    );
}

#[test]
fn any_bytes_make_progress() {
    let all: Vec<u8> = (0..=255).collect();
    for dialect in Engine::ALL {
        let mut position = 0;
        for token in Lexer::new(&all, dialect) {
            assert!(token.start >= position && token.end > token.start);
            position = token.end;
        }
    }
}
