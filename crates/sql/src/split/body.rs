//! Finds out whether a statement is inside the body of a routine or trigger, where `;` does not end it. It never
//! remembers more than a state and a depth.

use dbwright_model::engine::Engine;

use crate::lexer::{Kind, Lexer, Options, Token};

/// How far the statement's head has been read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum State {
    #[default]
    Start,
    /// `CREATE …`, the kind of object not yet seen.
    Creating,
    /// `CREATE FUNCTION …` and its like, or MariaDB's `BEGIN NOT ATOMIC`.
    Routine,
    /// `BEGIN` stood first.
    Beginning,
    Plain,
}

/// What has been seen of a statement that may have a body.
#[derive(Debug, Default)]
pub(super) struct Body {
    state: State,
    depth: usize,
    previous: Previous,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Previous {
    #[default]
    Other,
    Begin,
    End,
    /// A dot, or the equals sign of `DEFINER = …`: the next word is a name.
    Naming,
}

impl Body {
    /// Whether a `BEGIN` awaits its `END`.
    pub(super) const fn is_open(&self) -> bool {
        self.depth > 0
    }

    pub(super) fn see(&mut self, token: Token, bytes: &[u8], dialect: Engine) {
        if self.state == State::Plain {
            return;
        }
        let mut lower = [0_u8; 16];
        let word = match lower.get_mut(..bytes.len()) {
            Some(buffer) if token.kind == Kind::Word && self.previous != Previous::Naming => {
                buffer.copy_from_slice(bytes);
                buffer.make_ascii_lowercase();
                &*buffer
            }
            _ => b"",
        };
        let mut next = match (token.kind, bytes) {
            (Kind::Dot, _) => Previous::Naming,
            (Kind::Operator, b"=") if self.state == State::Creating => Previous::Naming,
            _ => Previous::Other,
        };
        match self.state {
            State::Start => self.begin(word),
            State::Creating if token.kind == Kind::Word => self.create(word, dialect),
            State::Beginning => self.state = self.anonymous_block(word, dialect),
            State::Routine => next = self.nest(word, dialect, next),
            State::Creating | State::Plain => {}
        }
        self.previous = next;
    }

    fn begin(&mut self, word: &[u8]) {
        self.state = match word {
            b"create" => State::Creating,
            b"begin" => State::Beginning,
            _ => State::Plain,
        };
    }

    fn anonymous_block(&mut self, word: &[u8], dialect: Engine) -> State {
        if dialect == Engine::Mariadb && word == b"not" {
            self.depth = 1;
            return State::Routine;
        }
        State::Plain
    }

    fn create(&mut self, word: &[u8], dialect: Engine) {
        let mysql = matches!(dialect, Engine::Mysql | Engine::Mariadb);
        match word {
            b"trigger" if dialect != Engine::Postgresql => self.state = State::Routine,
            b"function" | b"procedure" if mysql || dialect == Engine::Postgresql => self.state = State::Routine,
            b"event" if mysql => self.state = State::Routine,
            b"or" | b"replace" | b"temp" | b"temporary" | b"aggregate" | b"definer" | b"" => {}
            _ => self.state = State::Plain,
        }
    }

    fn nest(&mut self, word: &[u8], dialect: Engine, fallback: Previous) -> Previous {
        let atomic_only = dialect == Engine::Postgresql && self.depth == 0;
        match (word, self.previous) {
            (b"atomic", Previous::Begin) if atomic_only => self.depth = 1,
            (b"begin", _) if atomic_only => return Previous::Begin,
            (b"begin", _) => self.depth += 1,
            (b"if" | b"loop" | b"while" | b"repeat" | b"for", Previous::End) => self.depth += 1,
            (b"case", Previous::End) => {}
            (b"case", _) if self.depth > 0 => self.depth += 1,
            (b"end", _) if self.depth > 0 => {
                self.depth -= 1;
                return Previous::End;
            }
            _ => return fallback,
        }
        Previous::Other
    }
}

/// Whether the statement is `COPY … FROM stdin`, whose data follow it in the script.
pub(super) fn copies_from_stdin(text: &str, options: Options) -> bool {
    if options.dialect != Engine::Postgresql || !text.get(..4).is_some_and(|word| word.eq_ignore_ascii_case("copy")) {
        return false;
    }
    let mut from = false;
    for token in Lexer::new(text, options).filter(|token| !token.kind.is_comment()) {
        let word = token.bytes(text.as_bytes());
        if from && word.eq_ignore_ascii_case(b"stdin") {
            return true;
        }
        from = word.eq_ignore_ascii_case(b"from");
    }
    false
}
