// Send a form, as the page's whole window.
({ url, method, enctype, fields }) => {
  const form = document.createElement("form");
  Object.assign(form, { action: url, method: method ?? "post", enctype: enctype ?? "" });
  for (const [name, value] of Object.entries(fields ?? {})) {
    form.append(Object.assign(document.createElement("input"), { name, value }));
  }
  document.body.append(form);
  form.submit();
};
