//! What a condition asks of two rows, column by column.

use super::sql::{Expr, Side};

/// What is taken of a value before it is compared.
#[derive(Debug, Clone, PartialEq)]
pub enum Taken {
    /// All of it.
    Whole,
    /// So many characters from a place on, counted from 1.
    Slice(u32, u32),
    /// Its Soundex code.
    Soundex,
    /// The year of a date.
    Year,
    /// What a regular expression finds.
    Found(String),
}

/// How two values are alike.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Likeness {
    /// Jaro or Jaro-Winkler similarity of at least.
    Jaro(f64),
    /// So many edits at most (Levenshtein or Damerau-Levenshtein).
    Edits(f64),
    /// Jaccard similarity of at least.
    Jaccard(f64),
    /// Two dates at most so many days apart.
    Days(f64),
}

/// One thing that a condition asks.
#[derive(Debug, Clone, PartialEq)]
pub enum Asked {
    /// Both rows have the same of a column.
    Same(String, Taken),
    /// They have something alike in a column.
    Alike(String, Likeness),
    /// One has in the first column what the other has in the second.
    Crossed(String, String),
}

impl Asked {
    /// The columns that it looks at.
    pub fn columns(&self) -> Vec<&str> {
        match self {
            Asked::Same(column, _) | Asked::Alike(column, _) => vec![column],
            Asked::Crossed(a, b) => vec![a, b],
        }
    }
}

/// What a condition asks, all of it together; none where a part of it is not understood.
pub fn meaning(condition: &str) -> Option<Vec<Asked>> {
    let mut out = Vec::new();
    all_of(&Expr::parse(condition)?, &mut out)?;
    Some(out)
}

fn all_of(expr: &Expr, out: &mut Vec<Asked>) -> Option<()> {
    match expr {
        Expr::Two(and, a, b) if and == "and" => {
            all_of(a, out)?;
            all_of(b, out)
        }
        // That a value is there is asked anyway.
        Expr::Not(inside) if matches!(**inside, Expr::IsNull(_)) => Some(()),
        other => {
            out.push(one(other)?);
            Some(())
        }
    }
}

fn one(expr: &Expr) -> Option<Asked> {
    let Expr::Two(between, a, b) = expr else {
        return None;
    };
    match between.as_str() {
        "=" => same(a, b),
        ">=" | ">" => at_least(a, number(b)?),
        "<=" | "<" => at_most(a, number(b)?),
        _ => None,
    }
}

fn number(expr: &Expr) -> Option<f64> {
    match expr {
        Expr::Number(n) => Some(*n),
        Expr::Two(mark, a, b) if mark == "*" => Some(number(a)? * number(b)?),
        _ => None,
    }
}

fn same(a: &Expr, b: &Expr) -> Option<Asked> {
    if *b == a.mirrored() {
        let (column, taken) = taken(a)?;
        return Some(Asked::Same(column, taken));
    }
    // One row's forename beside the other's surname.
    match (plain(a)?, plain(b)?) {
        ((one, x), (other, y)) if x != y && one != other => Some(match x {
            Side::Left => Asked::Crossed(one, other),
            Side::Right => Asked::Crossed(other, one),
        }),
        _ => None,
    }
}

/// Functions that change nothing that is compared here.
const PLAIN: [&str; 8] = [
    "nullif",
    "trim",
    "lower",
    "upper",
    "cast",
    "try_strptime",
    "strptime",
    "try_cast",
];

/// A column as it stands, or all but.
fn plain(expr: &Expr) -> Option<(String, Side)> {
    match expr {
        Expr::Column(name, side) => Some((name.clone(), *side)),
        Expr::Call(name, of) if PLAIN.contains(&name.as_str()) => plain(of.first()?),
        _ => None,
    }
}

/// A whole number of characters.
fn characters(expr: &Expr) -> Option<u32> {
    let n = number(expr)?;
    (0..=100_u32).find(|whole| f64::from(*whole) == n)
}

fn taken(expr: &Expr) -> Option<(String, Taken)> {
    if let Some((column, _)) = plain(expr) {
        return Some((column, Taken::Whole));
    }
    let Expr::Call(name, of) = expr else {
        return None;
    };
    let column = |at: usize| plain(of.get(at)?).map(|(column, _)| column);
    match (name.as_str(), of.as_slice()) {
        ("substr" | "substring" | "left", [_, from, length]) => Some((
            column(0)?,
            Taken::Slice(characters(from)?, characters(length)?),
        )),
        ("left", [_, length]) => Some((column(0)?, Taken::Slice(1, characters(length)?))),
        ("soundex", [_]) => Some((column(0)?, Taken::Soundex)),
        ("year", [_]) => Some((column(0)?, Taken::Year)),
        ("date_part" | "extract", [Expr::Text(unit) | Expr::Word(unit), _]) if unit == "year" => {
            Some((column(1)?, Taken::Year))
        }
        ("regexp_extract", [_, Expr::Text(pattern), ..]) => {
            Some((column(0)?, Taken::Found(pattern.clone())))
        }
        // nullif(regexp_extract(...), '') and the like.
        (name, [inside, ..]) if PLAIN.contains(&name) => taken(inside),
        _ => None,
    }
}

/// The column that a function of both rows compares with itself.
fn compared(of: &[Expr]) -> Option<String> {
    let [.., a, b] = of else {
        return None;
    };
    (*b == a.mirrored()).then(|| plain(a).map(|(column, _)| column))?
}

fn at_least(expr: &Expr, least: f64) -> Option<Asked> {
    let Expr::Call(name, of) = expr else {
        return None;
    };
    let likeness = match name.as_str() {
        "jaro_winkler_similarity" | "jaro_winkler" | "jaro_similarity" | "jaro_sim" | "jaro" => {
            Likeness::Jaro(least)
        }
        "jaccard" => Likeness::Jaccard(least),
        _ => return None,
    };
    Some(Asked::Alike(compared(of)?, likeness))
}

fn at_most(expr: &Expr, most: f64) -> Option<Asked> {
    let Expr::Call(name, of) = expr else {
        return None;
    };
    match name.as_str() {
        "levenshtein" | "damerau_levenshtein" | "editdist3" => {
            Some(Asked::Alike(compared(of)?, Likeness::Edits(most)))
        }
        "abs" => {
            let (column, days) = apart(of.first()?)?;
            Some(Asked::Alike(column, Likeness::Days(most * days)))
        }
        _ => None,
    }
}

/// The column whose dates are taken from each other, and the days of a unit of the difference.
fn apart(expr: &Expr) -> Option<(String, f64)> {
    match expr {
        // Seconds since 1970.
        Expr::Two(mark, a, b) if mark == "-" => match (a.as_ref(), b.as_ref()) {
            (Expr::Call(f, x), Expr::Call(g, y))
                if f == g && ["epoch", "unix_timestamp"].contains(&f.as_str()) =>
            {
                let (x, y) = (x.first()?, y.first()?);
                Some((compared(&[x.clone(), y.clone()])?, 1.0 / 86_400.0))
            }
            _ => None,
        },
        Expr::Call(name, of) if name == "datediff" || name == "date_diff" => {
            let days = match of.first()? {
                Expr::Text(unit) | Expr::Word(unit) => match unit.as_str() {
                    "day" => 1.0,
                    "month" => 30.4375,
                    "year" => 365.25,
                    _ => return None,
                },
                _ => 1.0,
            };
            Some((compared(of)?, days))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(column: &str, taken: Taken) -> Asked {
        Asked::Same(column.to_owned(), taken)
    }

    fn alike(column: &str, likeness: Likeness) -> Asked {
        Asked::Alike(column.to_owned(), likeness)
    }

    #[test]
    fn conditions_of_levels() {
        let of = |text: &str| meaning(text);
        assert_eq!(
            of("\"dob_l\" = \"dob_r\""),
            Some(vec![same("dob", Taken::Whole)])
        );
        assert_eq!(
            of("jaro_winkler_similarity(\"name_l\", \"name_r\") >= 0.92"),
            Some(vec![alike("name", Likeness::Jaro(0.92))])
        );
        assert_eq!(
            of("levenshtein(a_l, a_r) <= 2 AND b_l = b_r"),
            Some(vec![
                alike("a", Likeness::Edits(2.0)),
                same("b", Taken::Whole)
            ])
        );
        assert_eq!(
            of("a_l = b_r AND a_r = b_l"),
            Some(vec![
                Asked::Crossed("a".to_owned(), "b".to_owned()),
                Asked::Crossed("b".to_owned(), "a".to_owned()),
            ])
        );
        let Some([Asked::Alike(column, Likeness::Days(days))]) =
            of("ABS(EPOCH(try_strptime(\"d_l\", '%Y')) - EPOCH(try_strptime(\"d_r\", '%Y'))) <= 864000")
                .and_then(|all| <[Asked; 1]>::try_from(all).ok())
        else {
            panic!("no dates");
        };
        assert!(column == "d" && (days - 10.0).abs() < 1e-9);
        let area = "NULLIF(regexp_extract(p_l, '^[A-Z]+', 0), '') = NULLIF(regexp_extract(p_r, '^[A-Z]+', 0), '')";
        assert_eq!(
            of(area),
            Some(vec![same("p", Taken::Found("^[A-Z]+".to_owned()))])
        );
    }

    #[test]
    fn blocking_rules() {
        assert_eq!(
            meaning(
                "(SUBSTRING(l.surname, 1, 4) = SUBSTRING(r.surname, 1, 4)) AND (l.\"dob\" = r.\"dob\")"
            ),
            Some(vec![
                same("surname", Taken::Slice(1, 4)),
                same("dob", Taken::Whole)
            ])
        );
        assert_eq!(
            meaning("soundex(l.s) = soundex(r.s) and year(l.d) = year(r.d)"),
            Some(vec![same("s", Taken::Soundex), same("d", Taken::Year)])
        );
    }

    #[test]
    fn what_has_no_counterpart() {
        for text in [
            "a_l = a_r OR b_l = b_r",
            "a_l <> a_r",
            "a_l = 'x'",
            "length(list_intersect(a_l, a_r)) >= 1",
            "l.a = r.b and l.a < r.c",
            "substr(l.a, 1, 2) = substr(r.a, 1, 3)",
        ] {
            assert_eq!(meaning(text), None, "{text}");
        }
    }
}
