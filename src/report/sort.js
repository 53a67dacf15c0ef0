// Sorts a table by a column: a click on its title, then again for the other direction.
const UNITS = { B: 1, KiB: 1024, MiB: 1048576 };
const value = (cell) => {
  const text = cell.textContent.trim().replace(/,/g, "").replace(/−/g, "-").replace("log10 ", "");
  const number = parseFloat(text.replace(/^[±+]/, ""));
  const unit = UNITS[text.split(" ").pop()] || 1;
  return Number.isFinite(number) ? number * unit : null;
};
const compare = (a, b) => {
  const [x, y] = [value(a), value(b)];
  if (x !== null && y !== null) return x - y;
  if (x !== null || y !== null) return x === null ? 1 : -1;
  return a.textContent.localeCompare(b.textContent);
};
for (const table of document.querySelectorAll("table.sorted")) {
  const titles = [...table.tHead.rows[0].cells];
  const body = table.tBodies[0];
  titles.forEach((title, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...title.childNodes);
    title.append(button);
    button.addEventListener("click", () => {
      const down = title.getAttribute("aria-sort") === "ascending";
      titles.forEach((other) => other.removeAttribute("aria-sort"));
      title.setAttribute("aria-sort", down ? "descending" : "ascending");
      const rows = [...body.rows].sort((a, b) => compare(a.cells[column], b.cells[column]) * (down ? -1 : 1));
      body.append(...rows);
    });
  });
}
