// Returns what is wider than the page; `spaced` adds the space that WCAG 2.2, 1.4.12, lets people add.
(spaced) => {
  const sheet = new CSSStyleSheet();
  if (spaced) {
    sheet.replaceSync(
      "* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important }" +
        "p { margin-bottom: 2em !important }",
    );
  }
  document.adoptedStyleSheets.push(sheet);
  const named = (element) => element.outerHTML.slice(0, 120);
  const width = document.documentElement.clientWidth;
  const wrong = [];
  if (document.documentElement.scrollWidth > width) {
    wrong.push(`${document.documentElement.scrollWidth} px wide`);
    for (const element of document.body.querySelectorAll("*")) {
      if (element.getBoundingClientRect().right > width) wrong.push(named(element));
    }
  }
  for (const element of document.body.querySelectorAll("*")) {
    // A text field scrolls what is typed into it.
    const cuts = element.localName !== "input" && ["hidden", "clip"].includes(getComputedStyle(element).overflowX);
    // What is for screen readers alone is one pixel wide.
    if (cuts && element.clientWidth > 1 && element.scrollWidth > element.clientWidth) wrong.push(named(element));
  }
  document.adoptedStyleSheets.pop();
  return wrong;
};
