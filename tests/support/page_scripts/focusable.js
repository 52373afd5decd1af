// Returns what Tab should reach, in the order of the document, each with how it looks without the focus.
() => {
  const all = document.querySelectorAll(
    "a[href], area[href], button, input, select, textarea, summary, iframe, [tabindex], [contenteditable]",
  );
  const groups = new Set();
  const reached = (element) => {
    if (element.matches(":disabled, [type=hidden], [tabindex='-1'], [inert], [inert] *")) return false;
    if (!element.checkVisibility({ visibilityProperty: true })) return false;
    if (element.type !== "radio" || !element.name) return true;
    // A group of radio buttons is reached once: at the chosen one, or else at the first.
    const radios = [...document.getElementsByName(element.name)].filter((one) => one.form === element.form);
    const first = radios.find((one) => one.checked) ?? radios[0];
    return element === first && !groups.has(first) && Boolean(groups.add(first));
  };
  document.activeElement?.blur();
  return [...all].filter(reached).map((element) => ({
    element,
    label: `${element.localName} ${element.name || element.getAttribute("aria-label") || element.textContent.trim()}`,
    shadow: getComputedStyle(element).boxShadow,
  }));
};
