//! The picture in the README is what the program prints in a terminal.
//!
//! `PCLUSTER_IAM_WRITE_DOCS=1 cargo test --test it picture::` draws it anew.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::common::program::run;

const COMMAND: &str = "lint fixtures/examples/slurm-head-node.json --role head-node --scheduler slurm --feature none --quiet";

/// The columns of the terminal, where longer lines go on in the next row.
const COLUMNS: usize = 120;
/// The size of a row and of a column.
const ROW: usize = 18;
const COLUMN_TENTHS: usize = 78;
const MARGIN: usize = 16;

/// The colour and the weight of a piece of text.
#[derive(Clone, Copy, Default, PartialEq, Debug)]
struct Style {
    colour: Option<&'static str>,
    is_bold: bool,
}

impl Style {
    /// The style after an escape sequence, given what stands between `ESC [` and `m`.
    fn after(self, codes: &str) -> Self {
        let colour = |name| Style {
            colour: Some(name),
            ..self
        };
        match codes {
            "0" => Style::default(),
            "1" => Style {
                is_bold: true,
                ..self
            },
            "31" | "38;5;9" => colour("#ff6b68"),
            "33" | "38;5;11" => colour("#e5c07b"),
            "32" | "38;5;10" => colour("#8cc265"),
            "36" | "38;5;14" => colour("#56b6c2"),
            other => panic!("a colour that the picture does not know: {other}"),
        }
    }
}

/// The rows of a terminal: pieces of text with their styles.
fn rows(output: &str) -> Vec<Vec<(Style, String)>> {
    let mut rows = Vec::new();
    let mut style = Style::default();
    for line in output.lines() {
        let mut row: Vec<(Style, String)> = Vec::new();
        let mut length = 0;
        let mut rest = line;
        while !rest.is_empty() {
            if let Some(codes) = rest.strip_prefix("\u{1b}[") {
                let (codes, after) = codes.split_once('m').unwrap();
                style = style.after(codes);
                rest = after;
                continue;
            }
            let end = rest.find('\u{1b}').unwrap_or(rest.len());
            for c in rest[..end].chars() {
                if length == COLUMNS {
                    rows.push(std::mem::take(&mut row));
                    length = 0;
                }
                match row.last_mut() {
                    Some((last, text)) if *last == style => text.push(c),
                    _ => row.push((style, c.to_string())),
                }
                length += 1;
            }
            rest = &rest[end..];
        }
        rows.push(row);
    }
    rows
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

fn picture(output: &str) -> String {
    let prompt = [(Style::default(), format!("$ pcluster-iam {COMMAND}"))];
    let rows: Vec<_> = [prompt.to_vec()].into_iter().chain(rows(output)).collect();
    let width = COLUMNS * COLUMN_TENTHS / 10 + 2 * MARGIN;
    let height = rows.len() * ROW + 2 * MARGIN;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
         font-family=\"ui-monospace, Menlo, Consolas, monospace\" font-size=\"13\" fill=\"#d7dae0\">\n\
         <title>The output of pcluster-iam {}</title>\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"#1e2127\"/>\n",
        escaped(COMMAND)
    );
    for (at, row) in rows.iter().enumerate().filter(|(_, row)| !row.is_empty()) {
        let baseline = MARGIN + at * ROW + 13;
        let _ = write!(
            svg,
            "<text x=\"{MARGIN}\" y=\"{baseline}\" xml:space=\"preserve\">"
        );
        for (style, text) in row {
            let text = escaped(text);
            if *style == Style::default() {
                svg.push_str(&text);
                continue;
            }
            let colour = style.colour.map(|c| format!(" fill=\"{c}\""));
            let weight = if style.is_bold {
                " font-weight=\"bold\""
            } else {
                ""
            };
            let colour = colour.unwrap_or_default();
            let _ = write!(svg, "<tspan{colour}{weight}>{text}</tspan>");
        }
        svg.push_str("</text>\n");
    }
    svg.push_str("</svg>\n");
    svg
}

#[test]
fn the_picture_shows_what_the_program_prints() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let arguments: Vec<&str> = COMMAND.split(' ').chain(["--color", "always"]).collect();
    let drawn = picture(&run(root, &arguments).out);
    let path = root.join("docs/lint.svg");
    if std::env::var_os("PCLUSTER_IAM_WRITE_DOCS").is_some() {
        fs::write(&path, &drawn).unwrap();
    }
    assert!(
        fs::read_to_string(&path).unwrap_or_default() == drawn,
        "PCLUSTER_IAM_WRITE_DOCS=1 cargo test --test it picture:: draws docs/lint.svg anew"
    );
    assert!(drawn.contains("missing-action") && !drawn.contains('\u{1b}'));
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    assert!(readme.contains("](docs/lint.svg)"));
    assert!(readme.contains(COMMAND.trim_end_matches(" --quiet")));
}

#[test]
fn long_lines_go_on_and_colours_are_kept() {
    let red = format!("\u{1b}[1m\u{1b}[31m{}\u{1b}[0m!", "x".repeat(COLUMNS + 1));
    let rows = rows(&red);
    assert_eq!(rows.len(), 2);
    assert!(rows[1][0].0.is_bold && rows[1][0].1 == "x");
    assert_eq!(rows[1][1], (Style::default(), "!".to_owned()));
}
