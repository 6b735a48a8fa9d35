//! Regular expressions of the schema, which are written for Python's `re`.
//!
//! Where its syntax and that of the engine differ, the expression is rewritten: what stands in a
//! class, octal and `\Z` escapes, braces that are no repetition, and the meaning of `\w` (letters
//! and numbers, no combining marks) and `\s`.

use std::iter::Peekable;
use std::str::Chars;

use fancy_regex::Regex;

use super::error::Breach;

const WORD: &str = r"\p{L}\p{N}_";
const SPACE: &str = r"\s\x1c-\x1f";

/// An expression that a whole value must match.
pub struct Pattern(Regex);

impl Pattern {
    /// Compiles a Python expression. `None` if it is not valid, or uses what only Python has.
    pub fn new(python: &str) -> Option<Self> {
        let rewritten = rewrite(python)?;
        Regex::new(&format!(r"\A(?:{rewritten})\z"))
            .ok()
            .map(Pattern)
    }

    /// Tells whether the whole value matches.
    pub fn check(&self, value: &str) -> Result<(), Breach> {
        match self.0.is_match(value) {
            Ok(true) => Ok(()),
            Ok(false) => Err(Breach::Pattern),
            Err(_) => Err(Breach::PatternSteps),
        }
    }
}

fn rewrite(python: &str) -> Option<String> {
    let mut out = String::with_capacity(python.len() + 16);
    let mut rest = python.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\\' => escape(&mut rest, &mut out, false)?,
            '[' => class(&mut rest, &mut out)?,
            '{' => match repetition(&rest) {
                Some((text, length)) => {
                    out.push_str(&text);
                    rest.nth(length.checked_sub(1)?);
                }
                None => out.push_str(r"\{"),
            },
            '}' | ']' => literal(c, &mut out),
            _ => out.push(c),
        }
    }
    Some(out)
}

/// A repetition after its `{`, and how many characters it takes; `{,n}` is `{0,n}`.
fn repetition(rest: &Peekable<Chars<'_>>) -> Option<(String, usize)> {
    let inside: String = rest.clone().take_while(|&c| c != '}').collect();
    let closed = rest.clone().nth(inside.chars().count()) == Some('}');
    let number = |s: &str| s.chars().all(|c| c.is_ascii_digit());
    let text = match inside.split_once(',') {
        Some((low, high)) if number(low) && number(high) => {
            let low = if low.is_empty() { "0" } else { low };
            format!("{{{low},{high}}}")
        }
        None if !inside.is_empty() && number(&inside) => format!("{{{inside}}}"),
        _ => return None,
    };
    closed.then(|| (text, inside.len() + 1))
}

/// A class after its `[`.
fn class(rest: &mut Peekable<Chars<'_>>, out: &mut String) -> Option<()> {
    out.push('[');
    if rest.next_if_eq(&'^').is_some() {
        out.push('^');
    }
    let mut first = true;
    loop {
        match rest.next()? {
            ']' if !first => {
                out.push(']');
                return Some(());
            }
            '\\' => escape(rest, out, true)?,
            '-' if first || rest.peek() == Some(&']') => out.push_str(r"\-"),
            '-' => {
                out.push('-');
                // `[+--]`: the range ends in a hyphen, and is no difference of two classes.
                if rest.next_if_eq(&'-').is_some() {
                    out.push_str(r"\-");
                }
            }
            c => literal(c, out),
        }
        first = false;
    }
}

/// An escape after its backslash.
fn escape(rest: &mut Peekable<Chars<'_>>, out: &mut String, in_class: bool) -> Option<()> {
    let c = rest.next()?;
    match c {
        'd' | 'D' => out.extend(['\\', c]),
        'A' | 'b' | 'B' if !in_class => out.extend(['\\', c]),
        'Z' if !in_class => out.push_str(r"\z"),
        'w' | 's' => {
            let inside = if c == 'w' { WORD } else { SPACE };
            match in_class {
                true => out.push_str(inside),
                false => out.push_str(&format!("[{inside}]")),
            }
        }
        'W' => out.push_str(&format!("[^{WORD}]")),
        'S' => out.push_str(&format!("[^{SPACE}]")),
        'n' => out.push_str(r"\x0a"),
        't' => out.push_str(r"\x09"),
        'r' => out.push_str(r"\x0d"),
        'f' => out.push_str(r"\x0c"),
        'v' => out.push_str(r"\x0b"),
        'a' => out.push_str(r"\x07"),
        'b' => out.push_str(r"\x08"),
        'x' => code_point(rest, 2, out)?,
        'u' => code_point(rest, 4, out)?,
        'U' => code_point(rest, 8, out)?,
        '0'..='9' => number(c, rest, out, in_class)?,
        c if c.is_ascii_alphabetic() => return None,
        c => literal(c, out),
    }
    Some(())
}

/// `\NNN`: a character by its octal number, or a group by its number.
fn number(
    first: char,
    rest: &mut Peekable<Chars<'_>>,
    out: &mut String,
    in_class: bool,
) -> Option<()> {
    let mut digits = String::from(first);
    let octal = |c: &char| ('0'..='7').contains(c);
    let three = octal(&first) && rest.clone().take(2).filter(octal).count() == 2;
    if first == '0' || in_class || three {
        while digits.len() < 3
            && let Some(c) = rest.next_if(octal)
        {
            digits.push(c);
        }
        let code = u32::from_str_radix(&digits, 8).ok().filter(|&c| c < 256)?;
        literal(char::from_u32(code)?, out);
        return Some(());
    }
    if let Some(c) = rest.next_if(char::is_ascii_digit) {
        digits.push(c);
    }
    out.push_str(&format!(r"(?:\{digits})"));
    Some(())
}

fn code_point(rest: &mut Peekable<Chars<'_>>, length: usize, out: &mut String) -> Option<()> {
    let mut code = 0_u32;
    for _ in 0..length {
        code = code.checked_mul(16)? + rest.next()?.to_digit(16)?;
    }
    literal(char::from_u32(code)?, out);
    Some(())
}

/// A character that stands for itself, in a class and outside.
fn literal(c: char, out: &mut String) {
    if c.is_ascii_control() || c == ' ' {
        out.push_str(&format!(r"\x{:02x}", u32::from(c)));
        return;
    }
    if r".+*?()|[]{}^$\#&-~".contains(c) {
        out.push('\\');
    }
    out.push(c);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_values_match_as_in_python() {
        for (pattern, yes, no) in [
            ("[a-z]+", &["ada"][..], &["ADA", "ada\n", "ada1", ""][..]),
            ("a|ab", &["a", "ab"], &["abc"]),
            (r"-?[0-9]*(\.[0-9]+)?", &["", "-1.5", "3"], &["1.", "x"]),
            (
                r"(?!BG|GB)[A-Z]{2}[0-9]{6}[A-D]?",
                &["AB123456C"],
                &["BG123456C"],
            ),
            (r"(.)\1", &["aa"], &["ab"]),
            (r"(?P<x>a)b(?P=x)", &["aba"], &["abb"]),
            (r"[\w' -]+", &["Zoë O'Hara-Smith"], &["a.b"]),
            (r"\w+", &["Zoë"], &["Zoe\u{308}"]),
            (r"[[a]+", &["[a"], &["b"]),
            (r"[a&&b]+", &["a&b"], &["c"]),
            (r"[+--]", &["+", ",", "-"], &["."]),
            (r"[]a]+", &["]a"], &["b"]),
            (r"a{,2}b{x}", &["b{x}", "aab{x}"], &["aaab{x}", "b"]),
            (r"\$\<\>\'\/\ \-\_", &["$<>'/ -_"], &["$"]),
            (r"\x41\u0042\103\Z", &["ABC"], &["ABC\n"]),
            (r"(?i)abc", &["ABC"], &["abd"]),
            (r"\d+", &["12", "\u{0661}"], &["a"]),
            (
                r"^[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}$",
                &["SW1A 1AA"],
                &["SW1A-1AA"],
            ),
        ] {
            let compiled = Pattern::new(pattern).unwrap_or_else(|| panic!("{pattern}"));
            for value in yes {
                assert_eq!(compiled.check(value), Ok(()), "{pattern} on {value:?}");
            }
            for value in no {
                assert!(compiled.check(value).is_err(), "{pattern} on {value:?}");
            }
        }
        for wrong in ["[a", "(", r"\q", "a**", r"\"] {
            assert!(Pattern::new(wrong).is_none(), "{wrong}");
        }
    }
}
