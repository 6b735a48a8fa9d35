//! HTML and SVG as text: the one place where data is escaped.
//!
//! Names of elements and attributes are literals of the program; everything else passes through
//! [`escape`]. There is no way to put a text of the data into a page unescaped.

/// A piece of HTML or SVG that is safe to put into a page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Markup(String);

/// Attributes of an element: the name is a literal, the value is escaped.
pub(crate) type Attributes<'a> = &'a [(&'static str, &'a str)];

impl Markup {
    /// Nothing.
    pub fn new() -> Self {
        Markup::default()
    }

    /// A piece of the program's own, written as it stands.
    pub fn literal(&mut self, text: &'static str) -> &mut Self {
        self.0.push_str(text);
        self
    }

    /// A text of the data.
    pub fn text(&mut self, text: &str) -> &mut Self {
        escape(text, &mut self.0);
        self
    }

    /// The beginning of an element.
    pub fn open(&mut self, name: &'static str, attributes: Attributes<'_>) -> &mut Self {
        self.begin(name, attributes);
        self.0.push('>');
        self
    }

    /// An element without content, as XML and HTML both read it.
    pub fn empty(&mut self, name: &'static str, attributes: Attributes<'_>) -> &mut Self {
        self.begin(name, attributes);
        self.0.push_str("/>");
        self
    }

    /// The end of an element.
    pub fn close(&mut self, name: &'static str) -> &mut Self {
        self.0.push_str("</");
        self.0.push_str(name);
        self.0.push('>');
        self
    }

    /// An element that holds a text.
    pub fn element(
        &mut self,
        name: &'static str,
        attributes: Attributes<'_>,
        text: &str,
    ) -> &mut Self {
        self.open(name, attributes).text(text).close(name)
    }

    /// Another piece.
    pub fn piece(&mut self, other: &Markup) -> &mut Self {
        self.0.push_str(&other.0);
        self
    }

    /// A new line, for those who read the source.
    pub fn line(&mut self) -> &mut Self {
        self.0.push('\n');
        self
    }

    /// The text of it.
    #[cfg(test)]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The bytes of it.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0.into_bytes()
    }

    fn begin(&mut self, name: &'static str, attributes: Attributes<'_>) {
        self.0.push('<');
        self.0.push_str(name);
        for (key, value) in attributes {
            self.0.push(' ');
            self.0.push_str(key);
            self.0.push_str("=\"");
            escape(value, &mut self.0);
            self.0.push('"');
        }
    }
}

/// Writes a text so that no reader of HTML or XML takes a sign of it for markup. Control
/// characters, which XML forbids, become the replacement character.
fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(' '),
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_text_cannot_open_an_element_or_leave_an_attribute() {
        let mut m = Markup::new();
        m.element("p", &[("title", "\"><script>")], "<b>'&\0</b>");
        assert_eq!(
            m.as_str(),
            "<p title=\"&quot;&gt;&lt;script&gt;\">&lt;b&gt;&#39;&amp;\u{fffd}&lt;/b&gt;</p>"
        );
    }

    proptest! {
        #[test]
        fn no_text_brings_markup(text in ".*") {
            let mut m = Markup::new();
            m.element("p", &[("title", text.as_str())], &text);
            let inner = &m.as_str()["<p title=\"".len()..m.as_str().len() - "</p>".len()];
            prop_assert_eq!(inner.matches('<').count(), 0);
            prop_assert_eq!(inner.matches('"').count(), 1);
            prop_assert_eq!(inner.matches('>').count(), 1);
        }
    }
}
