//! `linkage.html`: what was linked by what, as a plain page without scripts.

use std::fmt::Write;

use super::out_files::Inputs;
use super::spec::Spec;
use super::stage::expected_chance;
use super::standalone::Outcome;

const STYLE: &str = "body{font:16px/1.5 sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}\
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.25rem .75rem .25rem 0;\
border-bottom:1px solid #ccc;vertical-align:top}td.n,th.n{text-align:right}code{word-break:break-all}";

/// A text as HTML.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// A probability for people: never rounded up to certainty.
pub fn percent(p: Option<f64>) -> String {
    p.map_or_else(
        || "–".to_owned(),
        |p| format!("{:.2}", (p * 100.0 * 100.0).floor() / 100.0),
    )
}

/// The page.
pub fn html(outcome: &Outcome, spec: &Spec, inputs: &Inputs) -> String {
    let mut page = String::new();
    let _ = writeln!(
        page,
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Linkage</title>\
         <style>{STYLE}</style></head><body>\n<h1>Linkage</h1>"
    );
    summary(&mut page, outcome);
    files(&mut page, outcome, inputs);
    passes(&mut page, outcome);
    caveats(&mut page, outcome, spec);
    page.push_str("</body></html>\n");
    page
}

fn summary(page: &mut String, outcome: &Outcome) {
    let model = &outcome.model;
    let _ = writeln!(
        page,
        "<p>{} links join {} of {} rows into {} entities of two or more. By chance alone, {:.1} \
         such links would be expected.</p>",
        model.links,
        model.records_linked,
        outcome.rows(),
        model.entities,
        expected_chance(&model.passes),
    );
}

fn files(page: &mut String, outcome: &Outcome, inputs: &Inputs) {
    page.push_str(
        "<h2>Inputs</h2>\n<table><tr><th>Side</th><th>File</th><th class=\"n\">Rows</th>\
         <th>Free of duplicates</th><th>Values not read</th></tr>\n",
    );
    for ((file, source), input) in inputs
        .inputs
        .iter()
        .zip(&outcome.sources)
        .zip(&outcome.inputs)
    {
        let name = file
            .path
            .file_name()
            .map(|n| n.to_string_lossy().into_owned());
        let unread: Vec<String> = input
            .unread
            .iter()
            .map(|(field, n)| format!("{field}: {n}"))
            .collect();
        let _ = writeln!(
            page,
            "<tr><td>{}</td><td>{}<br><code>{}</code></td><td class=\"n\">{}</td><td>{}</td>\
             <td>{}</td></tr>",
            escaped(&file.side),
            escaped(&name.unwrap_or_default()),
            file.digest,
            file.rows,
            if source.duplicate_free { "yes" } else { "no" },
            escaped(&unread.join(", ")),
        );
    }
    let _ = writeln!(
        page,
        "</table>\n<p>Whether a file is free of duplicates is taken {}. Key fingerprint <code>{}\
         </code>.</p>",
        escaped(outcome.known_from),
        escaped(&inputs.key_fingerprint)
    );
}

fn passes(page: &mut String, outcome: &Outcome) {
    page.push_str(
        "<h2>Passes, from strict to loose</h2>\n<table><tr><th>Key</th><th class=\"n\">Rows</th>\
         <th class=\"n\">New links</th><th class=\"n\">Expected by chance</th>\
         <th class=\"n\">Probability, %</th><th class=\"n\">Weight, bits</th>\
         <th class=\"n\">Ambiguous keys</th><th>Used</th></tr>\n",
    );
    for pass in &outcome.model.passes {
        let weight = pass
            .match_weight
            .map_or_else(|| "–".to_owned(), |w| format!("{w:.1}"));
        let _ = writeln!(
            page,
            "<tr><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{:.1}\
             </td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td>{}</td></tr>",
            escaped(&pass.name.replace('+', " + ")),
            pass.rows,
            pass.links_made,
            pass.expected_chance,
            percent(pass.match_probability),
            weight,
            pass.ambiguous_keys + pass.contradicted_keys + pass.capped_keys,
            if pass.used { "yes" } else { "no, too common" },
        );
    }
    page.push_str("</table>\n");
    if !outcome.too_common.is_empty() {
        let names: Vec<String> = outcome
            .too_common
            .iter()
            .map(|n| escaped(&n.replace('+', " + ")))
            .collect();
        let _ = writeln!(
            page,
            "<p>Not encoded, because chance alone would agree on them more often than there are \
             rows: {}.</p>",
            names.join("; ")
        );
    }
}

fn caveats(page: &mut String, outcome: &Outcome, spec: &Spec) {
    let fields: Vec<String> = spec
        .fields
        .keys()
        .chain(spec.other.keys())
        .map(|f| escaped(f))
        .collect();
    let _ = writeln!(
        page,
        "<h2>How to read this</h2>\n<ul><li>Linked on keyed hashes of combinations of: {}. Two rows \
         are linked if they agree on every part of a key, in a standard form; there is no partial \
         agreement.</li>\n<li>The probability of a link is that of its pass: the share of the \
         pass’s new links that chance agreement of strangers does not explain. Twins, namesakes at \
         one address and other people who agree for a reason are not chance, and are not in it.\
         </li>\n<li>A key that fits several people is left unlinked.</li>\n<li>A pass whose links \
         are less probable than {} is not used.</li>\n<li>Rows that agree on no key are not \
         found: without a known truth this page cannot say how many.</li></ul>",
        fields.join(", "),
        outcome.model.floor,
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_gets_through_as_markup_and_nothing_becomes_certain() {
        assert_eq!(
            escaped("<b onload='x' class=\"y\">&"),
            "&lt;b onload=&#39;x&#39; class=&quot;y&quot;&gt;&amp;"
        );
        assert_eq!(percent(Some(0.999_99)), "99.99");
        assert_eq!(percent(None), "–");
    }
}
