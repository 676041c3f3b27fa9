//! The picture of README.md: what `teamcity-builds.json` says of the demo's failing build, drawn.
//!
//! `UPDATE_README=1 cargo test --test it picture` draws it anew.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::Value;
use teamcity_simulator::Simulator;

use crate::pipe::Step;
use crate::readme::scene;

const FILE: &str = "docs/whose-failure.svg";
const WIDTH: usize = 860;
const ROW: usize = 30;
const BAR: f64 = 110.0;

/// A text at a place, in a colour and a style.
fn text(svg: &mut String, (x, y): (usize, usize), style: &str, text: &str) {
    let text = text
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    writeln!(svg, "<text x=\"{x}\" y=\"{y}\" {style}>{text}</text>").unwrap();
}

fn bar(svg: &mut String, (x, y): (usize, usize), share: f64, colour: &str) {
    let width = BAR * share;
    writeln!(
        svg,
        "<rect x=\"{x}\" y=\"{y}\" width=\"{width:.1}\" height=\"7\" rx=\"2\" fill=\"{colour}\"/>"
    )
    .unwrap();
}

/// The words and the colours of a class.
fn badge(test: &Value) -> (String, &'static str, &'static str) {
    let class = test["class"].as_str().unwrap();
    match class {
        "new" => ("new here".to_owned(), "#ffebe8", "#ae2e24"),
        "unknown" => (
            format!("unknown: {}", test["unknownWhy"].as_str().unwrap()),
            "#e4efff",
            "#0747a6",
        ),
        "investigated" => (
            format!("investigated by {}", test["investigator"].as_str().unwrap()),
            "#ebecf0",
            "#44546f",
        ),
        "also-on-default" => {
            let since = test["since"]["name"].as_str().unwrap();
            (
                format!("fails there too, since {since}"),
                "#ebecf0",
                "#44546f",
            )
        }
        other => panic!("{other} is not in the picture"),
    }
}

fn drawn(headline: &str, build: &Value) -> String {
    const SOFT: &str = "fill=\"#505f79\" font-size=\"12\"";
    const INK: &str = "fill=\"#172b4d\" font-size=\"13\"";
    let tests = build["failedTests"].as_array().unwrap();
    let rows = build["comparison"]["rows"].as_array().unwrap();
    let height = 86 + ROW * tests.len() + 44 + 24 * rows.len() + 16;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" font-family=\"-apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif\">\n\
         <rect x=\".5\" y=\".5\" width=\"{}\" height=\"{}\" rx=\"8\" fill=\"#fff\" stroke=\"#dfe1e6\"/>\n",
        WIDTH - 1,
        height - 1
    );
    let bold = "fill=\"#ae2e24\" font-size=\"18\" font-weight=\"700\"";
    text(&mut svg, (24, 40), bold, headline);
    let mut y = 72;
    text(
        &mut svg,
        (500, y - 2),
        SOFT,
        "in the last builds of main that ran it",
    );
    for test in tests {
        y += ROW;
        let (words, ground, ink) = badge(test);
        let wide = words.len() * 13 / 2 + 20;
        writeln!(
            svg,
            "<rect x=\"24\" y=\"{}\" width=\"{wide}\" height=\"20\" rx=\"10\" fill=\"{ground}\"/>",
            y - 14
        )
        .unwrap();
        let small = format!("fill=\"{ink}\" font-size=\"12\" font-weight=\"600\"");
        text(&mut svg, (34, y), &small, &words);
        let name = test["name"].as_str().unwrap();
        let name = name.rsplit_once("acme.").map_or(name, |(_, name)| name);
        text(&mut svg, (300, y), INK, name);
        if let (Some(failed), Some(ran)) = (
            test["often"]["failed"].as_f64(),
            test["often"]["ran"].as_f64(),
        ) {
            bar(&mut svg, (500, y - 8), 1.0, "#dfe1e6");
            bar(&mut svg, (500, y - 8), failed / ran, "#c9372c");
            text(
                &mut svg,
                (624, y),
                SOFT,
                &format!("failed in {failed} of {ran}"),
            );
        }
    }
    y += 44;
    let with = build["comparison"]["with"]["name"].as_str().unwrap();
    let bold = "fill=\"#172b4d\" font-size=\"13\" font-weight=\"700\"";
    text(&mut svg, (24, y), bold, &format!("Beside {with}"));
    for row in rows {
        y += 24;
        let (here, there) = (
            row["here"].as_f64().unwrap(),
            row["there"].as_f64().unwrap(),
        );
        let of = row["of"].as_str().unwrap().replace('-', " ");
        let number = |number: f64| match row["unit"].as_str().unwrap() {
            "seconds" => format!("{}m {}s", (number / 60.0).floor(), number % 60.0),
            "percent" => format!("{number:.2}%"),
            "bytes" => format!("{:.1} MB", number / 1e6),
            _ => format!("{number}"),
        };
        text(&mut svg, (24, y), INK, &of);
        text(&mut svg, (300, y), INK, &number(here));
        text(&mut svg, (390, y), SOFT, &number(there));
        let most = here.max(there);
        bar(&mut svg, (500, y - 11), here / most, "#0052cc");
        bar(&mut svg, (500, y - 3), there / most, "#c1c7d0");
    }
    svg + "</svg>\n"
}

#[tokio::test(start_paused = true)]
async fn the_picture_is_drawn_from_a_real_run() {
    let simulator = Simulator::start(scene::of("failing", 30));
    let step = Step::new().set("BITBUCKET_BRANCH", "feature/x");
    let ran = step.run(&simulator).await;
    let document: Value = serde_json::from_str(&ran.file("teamcity-builds.json")).unwrap();
    let mut lines = ran.output.lines();
    let headline = lines.find(|line| line.contains("failed tests,")).unwrap();
    let made = drawn(headline, &document["builds"][0]);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE);
    if std::env::var_os("UPDATE_README").is_some() {
        std::fs::write(&path, made).unwrap();
    } else {
        let there = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            made == there,
            "{FILE} differs from what a run says; UPDATE_README=1 cargo test --test it picture draws it"
        );
    }
}
