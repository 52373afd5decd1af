// Returns what is wrong with the focus, which the element of an index should have now.
([found, index]) => {
  const { element, shadow } = found[index];
  const active = document.activeElement;
  if (active !== element) return `the focus is on ${active?.outerHTML.slice(0, 120)}`;
  const style = getComputedStyle(element);
  const outlined = style.outlineStyle === "auto" || (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2);
  if (!outlined && style.boxShadow === shadow) return "the focus is not visible";
  const box = element.getBoundingClientRect();
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  const top = document.elementFromPoint(x, y);
  if (top === null) return "it is outside the window";
  const shown = top === element || element.contains(top) || top.closest("label")?.control === element;
  return shown ? "" : `it is behind ${top.outerHTML.slice(0, 120)}`;
};
