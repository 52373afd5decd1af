// Returns what is wrong with the focus, which the element of an index should have now.
([found, index]) => {
  const { element, shadow } = found[index];
  const active = document.activeElement;
  if (active !== element) return `the focus is on ${active?.outerHTML.slice(0, 120)}`;
  const style = getComputedStyle(element);
  const outlined = style.outlineStyle === "auto" || (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2);
  if (!outlined && style.boxShadow === shadow) return "the focus is not visible";
  const [box = element.getBoundingClientRect()] = element.getClientRects(); // the first line of a link with several
  // In the middle of what the window shows of it; what is larger than the window cannot all be shown.
  const middle = (start, end, limit) => (Math.max(start, 0) + Math.min(end, limit)) / 2;
  const x = middle(box.left, box.right, innerWidth);
  const y = middle(box.top, box.bottom, innerHeight);
  const top = document.elementFromPoint(x, y);
  const shows = box.left < innerWidth && box.right > 0 && box.top < innerHeight && box.bottom > 0;
  if (top === null || !shows) return "it is outside the window";
  const shown = top === element || element.contains(top) || top.closest("label")?.control === element;
  return shown ? "" : `it is behind ${top.outerHTML.slice(0, 120)}`;
};
