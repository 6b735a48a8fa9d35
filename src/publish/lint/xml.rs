//! A part of a document as a tree of elements, read within limits.
//!
//! Names are local names: which prefix a writer chose does not matter.

use quick_xml::Reader;
use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};

/// Deeper trees are refused: no spreadsheet needs them.
const MAX_DEPTH: usize = 200;

/// An element.
#[derive(Debug, Default)]
pub(super) struct Element {
    pub name: String,
    attributes: Vec<(String, String)>,
    pub children: Vec<Node>,
}

/// What is in an element.
#[derive(Debug)]
pub(super) enum Node {
    Element(Element),
    Text(String),
}

impl Element {
    /// An attribute by its local name.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, v)| v.as_str())
    }

    /// The elements in it.
    pub(super) fn elements(&self) -> impl Iterator<Item = &Element> {
        self.children.iter().filter_map(|n| match n {
            Node::Element(e) => Some(e),
            Node::Text(_) => None,
        })
    }

    /// The first element of that name in it.
    pub(super) fn child(&self, name: &str) -> Option<&Element> {
        self.elements().find(|e| e.name == name)
    }

    /// Every element below it for which `wanted` holds, in the order of the document.
    pub(super) fn below<'a>(&'a self, wanted: &dyn Fn(&Element) -> bool) -> Vec<&'a Element> {
        let mut out = Vec::new();
        let mut open: Vec<&Element> = self.elements().collect();
        open.reverse();
        while let Some(element) = open.pop() {
            if wanted(element) {
                out.push(element);
            }
            let from = open.len();
            open.extend(element.elements());
            open[from..].reverse();
        }
        out
    }

    /// All text in it.
    pub(super) fn text(&self) -> String {
        let mut out = String::new();
        self.add_text(&mut out);
        out
    }

    fn add_text(&self, out: &mut String) {
        for child in &self.children {
            match child {
                Node::Text(text) => out.push_str(text),
                Node::Element(e) => match e.name.as_str() {
                    "s" => {
                        let count = e.get("c").and_then(|c| c.parse().ok()).unwrap_or(1_usize);
                        out.extend(std::iter::repeat_n(' ', count.min(1000)));
                    }
                    "tab" | "line-break" => out.push(' '),
                    // A comment on a cell is not what the cell says.
                    "annotation" => {}
                    _ => e.add_text(out),
                },
            }
        }
    }
}

/// Reads a tree; none if it is not well formed or too deep.
pub(super) fn parse(bytes: &[u8]) -> Option<Element> {
    let mut reader = Reader::from_reader(bytes);
    let mut buffer = Vec::new();
    let mut stack = vec![Element::default()];
    loop {
        buffer.clear();
        match reader.read_event_into(&mut buffer).ok()? {
            Event::Start(start) => {
                if stack.len() > MAX_DEPTH {
                    return None;
                }
                stack.push(element(&start)?);
            }
            Event::Empty(start) => {
                let done = element(&start)?;
                stack.last_mut()?.children.push(Node::Element(done));
            }
            Event::End(_) => {
                let done = stack.pop()?;
                stack.last_mut()?.children.push(Node::Element(done));
            }
            Event::Text(text) => push_text(stack.last_mut()?, &text),
            Event::CData(text) => push_text(stack.last_mut()?, &text),
            Event::GeneralRef(reference) => {
                let known = match reference.resolve_char_ref().ok()? {
                    Some(c) => c.to_string(),
                    None => quick_xml::escape::resolve_predefined_entity(&reference)?.to_owned(),
                };
                push_text(stack.last_mut()?, &known);
            }
            // A definition of entities has no place in a spreadsheet.
            Event::DocType(_) => return None,
            Event::Eof => break,
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
    }
    let root = stack.pop()?;
    stack.is_empty().then_some(root)
}

fn element(start: &BytesStart<'_>) -> Option<Element> {
    let mut attributes = Vec::new();
    for attribute in start.attributes().with_checks(false) {
        let attribute = attribute.ok()?;
        let value = attribute.normalized_value(XmlVersion::Implicit1_0).ok()?;
        let name = attribute.key.local_name().into_inner().to_owned();
        attributes.push((name, value.into_owned()));
    }
    Some(Element {
        name: start.local_name().into_inner().to_owned(),
        attributes,
        children: Vec::new(),
    })
}

fn push_text(element: &mut Element, text: &str) {
    if let Some(Node::Text(last)) = element.children.last_mut() {
        last.push_str(text);
    } else {
        element.children.push(Node::Text(text.to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_has_attributes_text_and_entities() {
        let root = parse(b"<a:x b:y='1 &amp; 2'>p &lt; q<c/>&#65;</a:x>").expect("a tree");
        let x = root.child("x").expect("x");
        assert_eq!(x.get("y"), Some("1 & 2"));
        assert_eq!(x.text(), "p < qA");
    }

    #[test]
    fn what_is_broken_deep_or_defines_entities_is_refused() {
        for bad in [
            "<a>",
            "<a></b>",
            "<!DOCTYPE a [<!ENTITY x 'y'>]><a/>",
            "<a>&x;</a>",
        ] {
            assert!(parse(bad.as_bytes()).is_none(), "{bad}");
        }
        assert!(parse("<a>".repeat(1000).as_bytes()).is_none());
    }
}
