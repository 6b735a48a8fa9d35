//! The small part of SQL that conditions of levels and blocking rules are written in, as a tree.
//!
//! Conditions of levels name columns `name_l` and `name_r`, blocking rules `l.name` and `r.name`;
//! both become a column with its side. What is not understood is none, not an error: it has no
//! counterpart, and is told.

use std::iter::Peekable;
use std::str::Chars;

/// Which of two rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The left one.
    Left,
    /// The right one.
    Right,
}

/// A tree of SQL. Names and words are in lower case.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    /// A column of a row.
    Column(String, Side),
    /// A number.
    Number(f64),
    /// A text.
    Text(String),
    /// A function of arguments.
    Call(String, Vec<Expr>),
    /// Two expressions and what stands between them: `=`, `and`, `-` and so on.
    Two(String, Box<Expr>, Box<Expr>),
    /// `IS NULL` of an expression.
    IsNull(Box<Expr>),
    /// `NOT`, or `IS NOT NULL`.
    Not(Box<Expr>),
    /// A word without a side, such as a type or a unit.
    Word(String),
}

impl Expr {
    /// Reads a condition; none where something in it is not understood.
    pub fn parse(text: &str) -> Option<Expr> {
        let mut reader = Reader {
            tokens: tokens(text)?,
            at: 0,
        };
        let whole = reader.or()?;
        (reader.at == reader.tokens.len()).then_some(whole)
    }

    /// The same of the other row.
    pub fn mirrored(&self) -> Expr {
        let both = |a: &Expr| Box::new(a.mirrored());
        match self {
            Expr::Column(name, Side::Left) => Expr::Column(name.clone(), Side::Right),
            Expr::Column(name, Side::Right) => Expr::Column(name.clone(), Side::Left),
            Expr::Call(name, of) => {
                Expr::Call(name.clone(), of.iter().map(Expr::mirrored).collect())
            }
            Expr::Two(between, a, b) => Expr::Two(between.clone(), both(a), both(b)),
            Expr::IsNull(of) => Expr::IsNull(both(of)),
            Expr::Not(of) => Expr::Not(both(of)),
            Expr::Number(_) | Expr::Text(_) | Expr::Word(_) => self.clone(),
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    /// A name without quotes, in lower case.
    Word(String),
    /// A name in double quotes or backticks, in lower case.
    Name(String),
    Text(String),
    Number(f64),
    Mark(String),
}

fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut out = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let token = match c {
            c if c.is_whitespace() => continue,
            '\'' => Token::Text(quoted(&mut chars, '\'')?),
            '"' | '`' => Token::Name(quoted(&mut chars, c)?.to_lowercase()),
            c if c.is_ascii_digit() => {
                let rest = while_in(&mut chars, |c| c.is_ascii_digit() || c == '.');
                Token::Number(format!("{c}{rest}").parse().ok()?)
            }
            c if c.is_alphabetic() || c == '_' => {
                let rest = while_in(&mut chars, |c| c.is_alphanumeric() || c == '_');
                Token::Word(format!("{c}{rest}").to_lowercase())
            }
            '<' | '>' | '!' | ':' | '|' => {
                let rest = while_in(&mut chars, |c| "=>:|".contains(c));
                Token::Mark(format!("{c}{rest}"))
            }
            '(' | ')' | ',' | '=' | '.' | '+' | '-' | '*' | '/' => Token::Mark(c.to_string()),
            _ => return None,
        };
        out.push(token);
    }
    Some(out)
}

fn while_in(chars: &mut Peekable<Chars<'_>>, is: impl Fn(char) -> bool) -> String {
    let mut out = String::new();
    while let Some(c) = chars.next_if(|c| is(*c)) {
        out.push(c);
    }
    out
}

/// What stands up to the closing quote; a doubled quote is one.
fn quoted(chars: &mut Peekable<Chars<'_>>, quote: char) -> Option<String> {
    let mut out = String::new();
    loop {
        match chars.next()? {
            c if c == quote && chars.next_if_eq(&quote).is_none() => return Some(out),
            c => out.push(c),
        }
    }
}

struct Reader {
    tokens: Vec<Token>,
    at: usize,
}

impl Reader {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    fn mark(&mut self, mark: &str) -> bool {
        let here = self.peek() == Some(&Token::Mark(mark.to_owned()));
        self.at += usize::from(here);
        here
    }

    fn word(&mut self, word: &str) -> bool {
        let here = self.peek() == Some(&Token::Word(word.to_owned()));
        self.at += usize::from(here);
        here
    }

    fn or(&mut self) -> Option<Expr> {
        let mut left = self.and()?;
        while self.word("or") {
            left = two("or", left, self.and()?);
        }
        Some(left)
    }

    fn and(&mut self) -> Option<Expr> {
        let mut left = self.not()?;
        while self.word("and") {
            left = two("and", left, self.not()?);
        }
        Some(left)
    }

    fn not(&mut self) -> Option<Expr> {
        match self.word("not") {
            true => Some(Expr::Not(Box::new(self.not()?))),
            false => self.comparison(),
        }
    }

    fn comparison(&mut self) -> Option<Expr> {
        let left = self.sum()?;
        if self.word("is") {
            let not = self.word("not");
            if !self.word("null") {
                return None;
            }
            let null = Expr::IsNull(Box::new(left));
            return Some(if not { Expr::Not(Box::new(null)) } else { null });
        }
        for mark in ["=", "<=", ">=", "<", ">", "<>", "!=", "=="] {
            if self.mark(mark) {
                let between = if mark == "==" { "=" } else { mark };
                return Some(two(between, left, self.sum()?));
            }
        }
        Some(left)
    }

    fn sum(&mut self) -> Option<Expr> {
        let mut left = self.product()?;
        loop {
            let Some(mark) = ["+", "-", "||"].into_iter().find(|mark| self.mark(mark)) else {
                return Some(left);
            };
            left = two(mark, left, self.product()?);
        }
    }

    fn product(&mut self) -> Option<Expr> {
        let mut left = self.cast()?;
        loop {
            let Some(mark) = ["*", "/"].into_iter().find(|mark| self.mark(mark)) else {
                return Some(left);
            };
            left = two(mark, left, self.cast()?);
        }
    }

    /// A value, perhaps followed by `::type`.
    fn cast(&mut self) -> Option<Expr> {
        let value = self.value()?;
        while self.mark("::") {
            self.next()?;
        }
        Some(value)
    }

    fn value(&mut self) -> Option<Expr> {
        match self.next()? {
            Token::Number(n) => Some(Expr::Number(n)),
            Token::Text(text) => Some(Expr::Text(text)),
            Token::Mark(mark) if mark == "(" => {
                let inside = self.or()?;
                self.mark(")").then_some(inside)
            }
            Token::Word(word) if self.mark("(") => self.call(word),
            Token::Word(word) | Token::Name(word) if self.mark(".") => match self.next()? {
                Token::Word(name) | Token::Name(name) => match word.as_str() {
                    "l" => Some(Expr::Column(name, Side::Left)),
                    "r" => Some(Expr::Column(name, Side::Right)),
                    _ => None,
                },
                _ => None,
            },
            Token::Word(name) | Token::Name(name) => Some(sided(name)),
            Token::Mark(_) => None,
        }
    }

    fn call(&mut self, name: String) -> Option<Expr> {
        let mut of = Vec::new();
        if self.mark(")") {
            return Some(Expr::Call(name, of));
        }
        loop {
            of.push(self.or()?);
            // cast(x as type), extract(year from x)
            if self.word("as") {
                self.next()?;
            }
            if self.word("from") {
                of.push(self.or()?);
            }
            if self.mark(")") {
                return Some(Expr::Call(name, of));
            }
            if !self.mark(",") {
                return None;
            }
        }
    }
}

fn two(between: &str, a: Expr, b: Expr) -> Expr {
    Expr::Two(between.to_owned(), Box::new(a), Box::new(b))
}

fn sided(name: String) -> Expr {
    for (end, side) in [("_l", Side::Left), ("_r", Side::Right)] {
        if let Some(column) = name.strip_suffix(end).filter(|column| !column.is_empty()) {
            return Expr::Column(column.to_owned(), side);
        }
    }
    Expr::Word(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    use proptest::prelude::*;

    fn column(name: &str, side: Side) -> Expr {
        Expr::Column(name.to_owned(), side)
    }

    #[test]
    fn a_condition_and_a_rule_name_the_same_columns() {
        let equal = two(
            "=",
            column("first name", Side::Left),
            column("first name", Side::Right),
        );
        for text in [
            "\"first name_l\" = \"first name_r\"",
            "(l.\"First name\" = r.\"First name\")",
            "`first name_l`=`first name_r`",
        ] {
            assert_eq!(Expr::parse(text), Some(equal.clone()), "{text}");
        }
        assert_eq!(equal.mirrored().mirrored(), equal);
    }

    #[test]
    fn what_binds_first() {
        let whole = Expr::parse("a_l = a_r and f(b_l, 2) >= 0.9 or c_l is not null").expect("SQL");
        let Expr::Two(or, left, right) = whole else {
            panic!("no or");
        };
        assert_eq!(or, "or");
        assert!(matches!(*left, Expr::Two(ref and, ..) if and == "and"));
        assert!(matches!(*right, Expr::Not(_)));
        let sum = Expr::parse("abs(x_l - 2 * x_r) <= 3").expect("SQL");
        assert!(matches!(sum, Expr::Two(ref mark, ..) if mark == "<="));
    }

    #[test]
    fn what_is_not_understood_is_none() {
        for text in [
            "",
            "a_l =",
            "a_l = a_r)",
            "x.a = y.a",
            "'open",
            "a_l ~ a_r",
            "a_l is 3",
        ] {
            assert_eq!(Expr::parse(text), None, "{text}");
        }
        assert!(Expr::parse("cast(a_l as double) = a_r::double").is_some());
        assert_eq!(Expr::parse("'it''s'"), Some(Expr::Text("it's".to_owned())));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[a-z_\"'().,=<>|:0-9 -]{0,60}") {
            let _ = Expr::parse(&text);
        }
    }
}
