//! Addresses of cells, marked-up ranges, and lengths, as a document writes them.

use super::xml::Element;

/// A marked-up table.
pub(super) struct Range {
    pub name: String,
    pub sheet: String,
    /// First and last column and row, from 0.
    pub columns: (usize, usize),
    pub rows: (usize, usize),
    pub has_header: bool,
    pub has_buttons: bool,
}

/// `$'Sheet 1'.A7:$'Sheet 1'.H20`.
pub(super) fn range(element: &Element) -> Option<Range> {
    let address = element.get("target-range-address")?;
    let (from, to) = split_range(address)?;
    let (sheet, first) = cell_address(from)?;
    let (_, last) = cell_address(to)?;
    Some(Range {
        name: element.get("name").unwrap_or_default().to_owned(),
        sheet,
        columns: (first.0, last.0),
        rows: (first.1, last.1),
        has_header: element.get("contains-header") != Some("false"),
        has_buttons: element.get("display-filter-buttons") == Some("true"),
    })
}

/// Splits at the colon that is not within quotes.
fn split_range(address: &str) -> Option<(&str, &str)> {
    let mut quoted = false;
    for (i, c) in address.char_indices() {
        match c {
            '\'' => quoted = !quoted,
            ':' if !quoted => return Some((address.get(..i)?, address.get(i + 1..)?)),
            _ => {}
        }
    }
    Some((address, address))
}

fn cell_address(address: &str) -> Option<(String, (usize, usize))> {
    let (sheet, cell) = address.rsplit_once('.')?;
    let sheet = sheet.trim_start_matches('$').trim_matches('\'');
    let cell = cell.replace('$', "");
    let at = cell.find(|c: char| c.is_ascii_digit())?;
    let mut column = 0_usize;
    for letter in cell.get(..at)?.bytes() {
        let value = usize::from(letter.to_ascii_uppercase().checked_sub(b'A')?) + 1;
        column = column.checked_mul(26)?.checked_add(value)?;
    }
    let row: usize = cell.get(at..)?.parse().ok()?;
    let place = (column.checked_sub(1)?, row.checked_sub(1)?);
    Some((sheet.replace("''", "'"), place))
}

/// A length in millimetres.
pub(super) fn millimetres(length: &str) -> Option<f64> {
    let at = length.find(|c: char| c.is_ascii_alphabetic())?;
    let value: f64 = length.get(..at)?.trim().parse().ok()?;
    let unit = match length.get(at..)? {
        "mm" => 1.0,
        "cm" => 10.0,
        "in" => 25.4,
        "pt" => 25.4 / 72.0,
        _ => return None,
    };
    Some(value * unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_with_quotes_and_points_are_read() {
        let (from, to) = split_range("$'a:b.c'.B3:$'a:b.c'.AA10").expect("a range");
        assert_eq!(cell_address(from), Some(("a:b.c".to_owned(), (1, 2))));
        assert_eq!(cell_address(to), Some(("a:b.c".to_owned(), (26, 9))));
        assert_eq!(cell_address("A1"), None);
    }

    #[test]
    fn lengths_are_in_millimetres() {
        assert_eq!(millimetres("2.5cm"), Some(25.0));
        assert_eq!(millimetres("1in"), Some(25.4));
        assert_eq!(millimetres("wide"), None);
    }
}
