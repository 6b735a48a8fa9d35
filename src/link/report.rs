//! `linkage.html`: what was linked, by what model, as a plain page without scripts.

use std::fmt::Write;

use super::model_file::ModelFile;
use super::out_files::Inputs;
use super::spec::Spec;
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

/// The estimated share of matches that blocking found, in words.
pub fn recall(model: &ModelFile) -> String {
    match model.blocking_recall() {
        Some((share, [low, high])) => format!(
            "{} % of the matches ({} to {})",
            percent(Some(share)),
            percent(Some(low)),
            percent(Some(high))
        ),
        None => "none".to_owned(),
    }
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
    rules(&mut page, outcome);
    levels(&mut page, outcome);
    caveats(&mut page, outcome, spec);
    page.push_str("</body></html>\n");
    page
}

fn summary(page: &mut String, outcome: &Outcome) {
    let model = &outcome.model;
    let _ = writeln!(
        page,
        "<p>{} links join {} of {} rows into {} entities of two or more. {:.0} of the links are \
         expected to be wrong. Among the pairs compared {:.0} matches are expected. No rule \
         brought together about {:.0} more (at least {:.0}): so blocking has found {}.</p>",
        model.links,
        model.records_linked,
        outcome.rows(),
        model.entities,
        model.expected_wrong(),
        model.expected_matches,
        model.missed.about,
        model.missed.at_least,
        recall(model),
    );
    if let Some(review) = model.review {
        let _ = writeln!(
            page,
            "<p>{} pairs are for clerical review: at least {:.3} probable, and less than a link \
             needs. They are not linked; they stand in <code>review_band.parquet</code>.</p>",
            review.pairs, review.from,
        );
    }
    if !model.warnings.is_empty() {
        page.push_str("<h2>Warnings</h2>\n<ul>");
        for warning in &model.warnings {
            let _ = write!(page, "<li>{}</li>", escaped(warning));
        }
        page.push_str("</ul>\n");
    }
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

fn rules(page: &mut String, outcome: &Outcome) {
    page.push_str(
        "<h2>Blocking rules</h2>\n<p>Two rows are compared if they share all parts of a rule; a \
         pair counts under the first rule that brings it together.</p>\n<table><tr><th>Rule</th>\
         <th class=\"n\">Pairs</th><th class=\"n\">New pairs</th><th class=\"n\">All so far</th>\
         <th class=\"n\">Matches among its pairs, %</th><th class=\"n\">Pairs left out</th></tr>\n",
    );
    let mut so_far = 0;
    for rule in &outcome.model.rules {
        so_far += rule.new_pairs;
        let _ = writeln!(
            page,
            "<tr><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td>\
             <td class=\"n\">{}</td><td class=\"n\">{}</td></tr>",
            escaped(&rule.rule.name.replace('+', " + ")),
            rule.pairs,
            rule.new_pairs,
            so_far,
            percent(Some(rule.matches)),
            rule.capped_pairs,
        );
    }
    page.push_str("</table>\n");
}

fn levels(page: &mut String, outcome: &Outcome) {
    page.push_str(
        "<h2>Comparisons</h2>\n<p>m: the share of matches at a level. u: the share of pairs of \
         chance. The weight is log₂ of m to u, as it is between strangers; within a block the \
         model uses the u of the block’s rule.</p>\n<table><tr><th>Comparison</th><th>Level</th>\
         <th class=\"n\">m, %</th><th class=\"n\">u, %</th><th class=\"n\">Weight, bits</th></tr>\n",
    );
    for comparison in &outcome.model.comparisons {
        for (number, level) in comparison.levels.iter().enumerate() {
            let name = if number == 0 {
                escaped(&comparison.comparison.name)
            } else {
                String::new()
            };
            let _ = writeln!(
                page,
                "<tr><td>{name}</td><td>{}</td><td class=\"n\">{:.2}</td><td class=\"n\">{:.3}</td>\
                 <td class=\"n\">{:+.1}</td></tr>",
                escaped(&level.level),
                100.0 * level.m,
                100.0 * level.u,
                (level.m.max(1e-9) / level.u.max(1e-9)).log2(),
            );
        }
    }
    page.push_str("</table>\n");
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
        "<h2>How to read this</h2>\n<ul><li>Linked on keyed tags of: {}. The model has seen how far \
         two rows agree, and no value.</li>\n<li>Probabilities come from the model and from no known \
         truth. Twins, namesakes and people of one household agree for a reason that a model of \
         fields does not know.</li>\n<li>A row of a file that is free of duplicates has one match in \
         it at most, so its candidates share.</li>\n<li>A link is at least {:.3} probable: {}.</li>\
         \n<li>How many matches no rule brought together is reckoned from those that only one or two \
         rules did; it is a lower bound.</li></ul>",
        fields.join(", "),
        outcome.model.threshold,
        if outcome.inputs.len() > 1 {
            "the threshold at which the expected F1 is greatest, if none was stated"
        } else {
            "entities are formed from the mean weight of all pairs between two clusters, above the \
             threshold"
        },
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
