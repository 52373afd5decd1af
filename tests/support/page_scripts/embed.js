// Embed addresses in each way there is, and send forms into frames; return what the page learns besides "failed".
async ({ addresses, forms, socket }) => {
  const learned = [];
  const settled = (element, begin) =>
    new Promise((resolve) => {
      element.onload = () => resolve("loaded");
      element.onerror = () => resolve("failed");
      begin();
    });
  const text = (frame) => {
    try {
      return frame.contentDocument?.body?.innerText ?? "";
    } catch {
      return "";
    }
  };
  for (const address of addresses) {
    for (const kind of ["img", "script", "iframe"]) {
      const element = document.createElement(kind);
      element.src = address;
      const end = await settled(element, () => document.body.append(element));
      learned.push([kind, address, kind === "iframe" ? text(element) || "failed" : end]);
    }
  }
  for (const { url, enctype, fields } of forms) {
    const frame = document.createElement("iframe");
    frame.name = `frame-${Math.random()}`;
    document.body.append(frame);
    const form = document.createElement("form");
    Object.assign(form, { action: url, method: "post", target: frame.name, enctype });
    for (const [name, value] of Object.entries(fields)) {
      form.append(Object.assign(document.createElement("input"), { name, value }));
    }
    document.body.append(form);
    await settled(frame, () => form.submit());
    learned.push(["form", url, text(frame) || "failed"]);
  }
  const stream = (kind, made) =>
    new Promise((resolve) => {
      made.onopen = () => resolve([kind, made.url, "opened"]);
      made.onerror = () => resolve([kind, made.url, "failed"]);
    });
  learned.push(await stream("events", new EventSource(addresses[0], { withCredentials: true })));
  learned.push(await stream("socket", new WebSocket(socket)));
  return learned.filter(([, , end]) => end !== "failed");
};
