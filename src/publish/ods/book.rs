//! What a spreadsheet of a release is made of: sheets, the lines above a table, the table.

/// A document.
pub(crate) struct Book {
    /// Document property.
    pub title: String,
    /// Document property: what it is about.
    pub subject: String,
    /// Document property: one sentence.
    pub description: String,
    /// The sheets in order; the first is shown when the document opens.
    pub sheets: Vec<Sheet>,
}

/// A sheet: lines in column A, then at most one table, from column A.
pub(crate) struct Sheet {
    /// The name on the tab.
    pub tab: String,
    /// Row 1 and below it.
    pub lines: Vec<Line>,
    /// The table under them.
    pub grid: Option<Grid>,
}

/// A cell of column A above a table, or of a sheet without one.
pub(crate) struct Line {
    /// How it is marked up.
    pub role: Role,
    /// What it says.
    pub text: String,
}

/// How a line is marked up.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// The title of a sheet.
    Title,
    /// A heading within a sheet.
    Heading,
    /// Text that runs to the right over empty cells.
    Text,
    /// Text that wraps within a wide column.
    Paragraph,
}

/// A table with one heading row and no empty cell.
pub(crate) struct Grid {
    /// The name of the range: letters, digits, `_`.
    pub name: String,
    /// Its columns.
    pub columns: Vec<Column>,
    /// Its rows; each has a cell for each column.
    pub rows: Vec<Vec<Cell>>,
}

/// A column of a table.
pub(crate) struct Column {
    /// The heading.
    pub heading: String,
    /// Numbers and symbols stand on the right, texts on the left.
    pub numeric: bool,
}

/// A cell of a table.
pub(crate) enum Cell {
    /// A text.
    Text(String),
    /// A text that leads to a sheet of the document.
    Link {
        /// What is read.
        text: String,
        /// The tab that it leads to.
        tab: String,
    },
    /// A number with its digits after the point.
    Number {
        /// The value, in full.
        value: f64,
        /// Digits shown.
        decimals: u8,
    },
    /// A symbol in square brackets in the place of a number.
    Symbol(String),
}

impl Line {
    /// A line with its role.
    pub(crate) fn new(role: Role, text: impl Into<String>) -> Self {
        Line {
            role,
            text: text.into(),
        }
    }
}

impl Cell {
    /// About how many characters wide it is shown.
    pub(crate) fn width(&self) -> usize {
        match self {
            Cell::Text(text) | Cell::Link { text, .. } | Cell::Symbol(text) => text.chars().count(),
            Cell::Number { value, decimals } => {
                let digits = format!("{:.0}", value.abs()).len();
                digits + digits / 3 + usize::from(*decimals) + 2
            }
        }
    }
}

impl Grid {
    /// The width of a column in characters: that of its longest cell, within bounds in which a
    /// column can be read; longer texts wrap.
    pub(crate) fn column_width(&self, column: usize) -> usize {
        let cells = self.rows.iter().filter_map(|r| r.get(column));
        let longest = cells.map(Cell::width).max().unwrap_or(0);
        let heading = self.columns.get(column).map_or(0, |c| {
            let longest_word = c.heading.split(' ').map(|w| w.chars().count()).max();
            longest_word
                .unwrap_or(0)
                .max(c.heading.chars().count().min(16))
        });
        longest.max(heading).clamp(8, 60)
    }
}
