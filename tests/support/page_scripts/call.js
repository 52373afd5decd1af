// Send requests one after another, as a page does; return what it learns of each answer: null, or status and text.
async (requests) => {
  const learned = [];
  for (const { url, type, ...rest } of requests) {
    try {
      const headers = type ? { "Content-Type": type } : {};
      const answer = await fetch(url, { credentials: "include", headers, ...rest });
      learned.push([answer.status, await answer.text()]);
    } catch {
      learned.push(null);
    }
  }
  return learned;
};
