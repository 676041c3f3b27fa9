#!/usr/bin/env python3
"""Looks at the sample pages in a real browser: what they show, that they fit every width, and that nothing of a build
becomes markup. Needs Chromium (apt-get install chromium)."""

import html
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGES = ROOT / "target" / "pages"
NAMES = ["failure", "success", "canceled", "chain", "many", "hostile"]
WIDTHS = [320, 600, 1200]

# A page beside the samples that loads each view in a frame and writes down what it sees: the samples run no script.
HARNESS = """<!doctype html><meta charset="utf-8"><body style="margin:0"><pre id="out"></pre><script>
const see = frame => {
  const page = frame.contentDocument, all = s => [...page.querySelectorAll(s)];
  const luminance = c => { const [r, g, b] = c.match(/[\\d.]+/g).slice(0, 3).map(v => v / 255)
    .map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4); return .2126 * r + .7152 * g + .0722 * b; };
  const ground = e => { for (; e; e = e.parentElement) { const c = frame.contentWindow.getComputedStyle(e).backgroundColor;
    if (!/, 0\\)$|transparent/.test(c)) return c; } return "rgb(255, 255, 255)"; };
  let worst = 99, where = "";
  for (const e of all("h1,h2,h3,h4,p,dt,dd,a,strong,span,td,th,pre,code,summary")) {
    if (!e.textContent.trim() || e.classList.contains("hidden")) continue;
    const [a, b] = [luminance(frame.contentWindow.getComputedStyle(e).color), luminance(ground(e))].sort((x, y) => y - x);
    const ratio = (a + .05) / (b + .05);
    if (ratio < worst) { worst = ratio; where = e.outerHTML.slice(0, 120); }
  }
  return {
    h1: all("h1").map(e => e.textContent), title: page.title,
    overflow: page.documentElement.scrollWidth - page.documentElement.clientWidth,
    counts: Object.fromEntries(["script", "img", "iframe", "form", "link", "base", "object", "article", ".tests > li",
      ".timeline tbody tr", ".problems > li", ".beside tbody tr", "a", "a:not([href^='#'])", "details[open]"].map(s => [s, all(s).length])),
    handlers: all("*").flatMap(e => [...e.attributes]).filter(a => a.name.startsWith("on")).length,
    links: all("a").map(a => a.protocol), bars: all(".timeline rect.running").map(r => r.getBoundingClientRect().width),
    beside: all(".beside rect").map(r => r.getBoundingClientRect().width),
    contrast: worst, where, tabs: all("a,summary").filter(e => e.tabIndex < 0).length,
  };
};
const views = VIEWS, seen = [];
const next = () => {
  if (seen.length === views.length) { document.getElementById("out").textContent = JSON.stringify(seen); return; }
  const [name, width] = views[seen.length], frame = document.createElement("iframe");
  frame.style = `border:0;width:${width}px;height:900px`;
  frame.onload = () => { seen.push(see(frame)); frame.remove(); next(); };
  frame.src = name + ".html";
  document.body.append(frame);
};
next();
</script>"""


def chromium():
    for name in (os.environ.get("CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome"):
        if name and shutil.which(name):
            return shutil.which(name)
    return None


def look(browser, views, dark):
    """What is seen in each view, a name and a width; all in one browser, as its start takes most of the time."""
    harness = PAGES / "check.html"
    harness.write_text(HARNESS.replace("VIEWS", json.dumps(views)))
    with tempfile.TemporaryDirectory() as profile:
        command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                   "--disable-background-networking", "--disable-component-update", "--disable-sync",
                   "--allow-file-access-from-files", f"--user-data-dir={profile}", "--virtual-time-budget=60000",
                   "--window-size=1300,1000", "--dump-dom"]
        if dark:
            command.append("--blink-settings=preferredColorScheme=0")
        ran = subprocess.run(command + [harness.as_uri()], capture_output=True, text=True, timeout=300)
    harness.unlink()
    found = re.search(r'<pre id="out">(.*?)</pre>', ran.stdout, re.S)
    assert found and found.group(1), f"the browser showed nothing: {ran.stderr[-2000:]}"
    return dict(zip(views, json.loads(html.unescape(found.group(1))), strict=True))


def check(browser):
    failures = []

    def expect(what, good, got):
        if not good:
            failures.append(f"{what}: {got}")

    views = [(name, width) for name in NAMES for width in WIDTHS]
    # One width stands for the dark colours.
    seen = look(browser, [view for view in views if view[1] != 600], dark=False)
    seen |= look(browser, [view for view in views if view[1] == 600], dark=True)
    for name in NAMES:
        for width in WIDTHS:
            page = seen[name, width]
            at = f"{name} at {width} px"
            expect(f"{at}: fits", page["overflow"] <= 0, page["overflow"])
            expect(f"{at}: contrast", page["contrast"] >= 4.5, (page["contrast"], page["where"]))
            for tag in ("script", "img", "iframe", "form", "link", "base", "object"):
                expect(f"{at}: no {tag}", page["counts"][tag] == 0, page["counts"][tag])
            expect(f"{at}: no handlers", page["handlers"] == 0, page["handlers"])
            expect(f"{at}: links", set(page["links"]) <= {"http:", "https:", "file:"}, set(page["links"]))
            expect(f"{at}: the keyboard reaches all", page["tabs"] == 0, page["tabs"])
            expect(f"{at}: folded", page["counts"]["details[open]"] == 0, page["counts"]["details[open]"])
            expect(f"{at}: bars", page["bars"] and min(page["bars"]) > 0.5, page["bars"])
    wide = {name: seen[name, 1200] for name in NAMES}
    expect("failure: headline", wide["failure"]["h1"] == ["The build failed: 3 failed tests, 1 new here"], wide["failure"]["h1"])
    expect("success: headline", wide["success"]["h1"] == ["All 2 builds succeeded"], wide["success"]["h1"])
    expect("canceled: headline", wide["canceled"]["h1"] == ["The build was canceled"], wide["canceled"]["h1"])
    expect("success: builds", wide["success"]["counts"]["article"] == 2, wide["success"]["counts"])
    expect("failure: tests", wide["failure"]["counts"][".tests > li"] == 3, wide["failure"]["counts"])
    expect("failure: problems", wide["failure"]["counts"][".problems > li"] == 2, wide["failure"]["counts"])
    expect("chain: rows", wide["chain"]["counts"][".timeline tbody tr"] == 31, wide["chain"]["counts"])
    expect("many: tests", wide["many"]["counts"][".tests > li"] == 512, wide["many"]["counts"])
    for name, tables in [("failure", 1), ("success", 1), ("many", 1), ("hostile", 1), ("canceled", 0)]:
        rows = wide[name]["counts"][".beside tbody tr"]
        expect(f"{name}: numbers beside those of the default branch", rows == 4 * tables, rows)
        bars = wide[name]["beside"]
        expect(f"{name}: their bars", not bars or min(bars) > 50, bars)
    expect("hostile: the same parts as failure", wide["hostile"]["counts"][".tests > li"] == 3, wide["hostile"]["counts"])
    # The skip link and the pipeline's: all others point to no website, and so are text.
    expect("hostile: links", wide["hostile"]["counts"]["a"] == 2, wide["hostile"]["counts"])
    expect("hostile: title", wide["hostile"]["title"].startswith("The build failed: </title>"), wide["hostile"]["title"])
    return failures


def main():
    browser = chromium()
    if browser is None:
        print("the pages can't be looked at, since there is no Chromium (apt-get install chromium)")
        return 1
    subprocess.run(["cargo", "run", "--quiet", "--example", "page"], cwd=ROOT, check=True)
    failures = check(browser)
    for failure in failures:
        print(f"FAILED {failure}")
    print(f"{len(NAMES) * len(WIDTHS)} views of {len(NAMES)} pages: {'good' if not failures else f'{len(failures)} faults'}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
