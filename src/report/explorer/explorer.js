// The trade-off explorer: the rule of the choice, as in Rust, and the plot, the table and the prices for the budgets.
// The text has no character of markup, because pages are XML.
(() => {
  const all = (...tests) => tests.every(Boolean);
  const LIMITS = ["bits", "wmops", "ms", "bytes"];
  const cost = {
    bits: (entry) => entry.bits,
    wmops: (entry, budget) => entry.wmops[budget.count],
    ms: (entry) => entry.ms,
    bytes: (entry) => entry.codebook_bytes,
    kib: (entry) => entry.codebook_bytes / 1024,
  };
  // The names of the limits that an entry exceeds. A cost that is not known is within no limit.
  const exceeded = (entry, budget) => LIMITS.filter((name) => {
    const value = cost[name](entry, budget);
    return budget[name] !== null ? (value === null ? true : value > budget[name]) : false;
  });
  const allowed = (group, budget) =>
    [...group.entries.keys()].filter((i) => exceeded(group.entries[i], budget).length === 0);
  const known = (value) => (value === null ? Infinity : value);
  const costs = (entry, budget) =>
    [known(cost.wmops(entry, budget)), entry.bits, entry.codebook_bytes, known(entry.ms)];
  const isCheaper = (a, b) => {
    const at = a.findIndex((value, i) => value !== b[i]);
    return at >= 0 ? b[at] > a[at] : false;
  };
  // The index of the choice, or null.
  const best = (group, budget) => {
    const places = allowed(group, budget);
    if (places.length === 0) return null;
    const error = (i) => group.entries[i].error;
    const lowest = places.reduce((a, b) => (error(a) > error(b) ? b : a));
    const alike = places.filter((i) => group.entries[lowest].alike.includes(i));
    const highest = Math.max(error(lowest), ...alike.map(error));
    const of = (i) => costs(group.entries[i], budget);
    return places.filter((i) => highest >= error(i)).reduce((a, b) => (isCheaper(of(b), of(a)) ? b : a));
  };
  // The indices within the budget that no other one beats in both error and this cost, by ascending cost.
  const front = (group, budget, over) => {
    const points = allowed(group, budget)
      .map((i) => ({ i, x: cost[over](group.entries[i], budget), y: group.entries[i].error }))
      .filter((point) => point.x !== null);
    const beats = (a, b) => all(b.x >= a.x, b.y >= a.y, a.x !== b.x ? true : a.y !== b.y);
    const left = points.filter((point) => !points.some((other) => beats(other, point)));
    return left.sort((a, b) => a.x - b.x).map((point) => point.i);
  };
  // The choice without each of the limits.
  const prices = (group, budget) =>
    LIMITS.filter((name) => budget[name] !== null)
      .map((name) => ({ name, choice: best(group, { ...budget, [name]: null }) }));

  const digits = (value) => (value >= 1000 ? Math.round(value).toString() : value.toPrecision(4));
  const few = (value) => Number(value.toPrecision(3)).toString().replace("-", "−");
  // How much smaller the second error is: in dB, or as a share.
  const gain = (group, from, to) => {
    if (group.scale === "decibel") return from - to;
    if (group.scale === "power") return 10 * Math.log10(from / to);
    return 1 - to / from;
  };
  const difference = (group, from, to) => {
    const value = gain(group, from, to);
    if (!(value > 0)) return "at no lower error";
    if (!Number.isFinite(value)) return "without error";
    return group.scale === "other" ? `${few(100 * value)} % less error` : `${few(value)} dB less error`;
  };
  const limitText = (name, budget) => ({
    bits: `${budget.bits} bits`,
    wmops: `${budget.wmops} WMOPS`,
    ms: `${budget.ms} ms`,
    bytes: `${few(known(budget.bytes) / 1024)} KiB`,
  })[name];
  const COUNTS = { corrected: "all stages", published: "paper's", lookup: "look-up" };
  const AXES = {
    wmops: (budget) => `operations per vector (WMOPS, ${COUNTS[budget.count]})`,
    bits: () => "bits per vector",
    ms: () => "encoding time (ms per vector)",
    kib: () => "codebooks (KiB)",
  };
  const describe = (group, entry, budget) => {
    const parts = [`${group.error} ${entry.shown}`];
    const operations = cost.wmops(entry, budget);
    if (operations !== null) parts.push(`${digits(operations)} WMOPS`);
    if (entry.ms !== null) parts.push(`${digits(entry.ms)} ms`);
    parts.push(`${digits(cost.kib(entry))} KiB of codebooks`);
    return `${entry.name}: ${parts.join(", ")}`;
  };

  // What each limit costs, in sentences.
  const limitPrices = (group, budget, chosen) => prices(group, budget).map(({ name, choice }) => {
    const limit = limitText(name, budget);
    if (choice === chosen) return choice === null ? `Without the limit of ${limit}, there is no choice either.`
      : `The limit of ${limit} does not change the choice.`;
    const { name: other, error } = group.entries[choice];
    const less = chosen === null ? "" : `, ${difference(group, group.entries[chosen].error, error)}`;
    return `Without the limit of ${limit}: ${other}${less}.`;
  });
  // The cheapest steps to at least 1 dB less error (20 % where errors are not powers), by operations and by bits.
  const nextDecibel = (group, budget, chosen) => {
    const from = group.entries[chosen];
    const isBetter = (entry) => gain(group, from.error, entry.error) >= (group.scale === "other" ? 0.2 : 1);
    const isCertain = (entry) => !from.alike.some((i) => group.entries[i] === entry);
    const better = group.entries.filter((entry) => all(isBetter(entry), isCertain(entry)));
    const what = group.scale === "other" ? "20 % less error" : "1 dB less error";
    if (better.length === 0) return [`No quantizer here has at least ${what}.`];
    const operations = (entry) => known(cost.wmops(entry, budget));
    const byBits = (a, b) => a.bits - b.bits;
    const byOperations = (a, b) => {
      const [x, y] = [operations(a), operations(b)];
      return x === y ? byBits(a, b) : x - y;
    };
    const least = (order) => better.reduce((a, b) => (order(a, b) > 0 ? b : a));
    const step = (entry, how) => {
      const bits = entry.bits - from.bits;
      const factor = operations(entry) / operations(from);
      const changes = [];
      if (bits !== 0) changes.push(`${Math.abs(bits)} ${bits > 0 ? "more" : "fewer"} bits`);
      if (Number.isFinite(factor)) changes.push(`${few(factor)} times the operations`);
      const less = difference(group, from.error, entry.error);
      return `The next ${what.replace(" less error", "")}, ${how}: ${entry.name} (${less}), ${changes.join(" and ")}.`;
    };
    const cheap = least(byOperations);
    const short = least((a, b) => (a.bits === b.bits ? byOperations(a, b) : byBits(a, b)));
    if (cheap === short) return [step(cheap, "at the lowest cost")];
    return [step(short, "with the fewest bits"), step(cheap, "with the fewest operations")];
  };

  const draw = (name, attributes, text) => {
    const node = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    if (text) node.textContent = text;
    return node;
  };
  const ticks = (low, high, isLog) => {
    const found = [];
    if (all(isLog, high / low > 8)) {
      const heads = high / low > 150 ? [1] : [1, 2, 5];
      for (let power = Math.floor(Math.log10(low)); Math.log10(high) >= power; power += 1) {
        for (const head of heads) found.push(head * 10 ** power);
      }
    } else {
      const rough = (high - low) / 5;
      const power = 10 ** Math.floor(Math.log10(rough));
      const step = [1, 2, 5, 10].find((head) => head * power >= rough) * power;
      for (let at = Math.ceil(low / step); high >= at * step; at += 1) found.push(at * step);
    }
    return found.filter((value) => all(value >= low, high >= value));
  };
  // A scale from values to pixels, with some room at both ends.
  const scale = (values, isLog, from, to) => {
    const put = (value) => (isLog ? Math.log(value) : value);
    const [low, high] = [Math.min(...values.map(put)), Math.max(...values.map(put))];
    const room = high > low ? 0.07 * (high - low) : Math.max(Math.abs(low) * 0.1, 0.1);
    const [first, last] = [low - room, high + room];
    const at = (value) => from + ((put(value) - first) / (last - first)) * (to - from);
    const take = (value) => (isLog ? Math.exp(value) : value);
    return { at, ticks: ticks(take(first), take(last), isLog) };
  };

  // Names beside points, where there is room; not over other points if there is a choice.
  const label = (svg, points, others, size) => {
    const around = ([x, y]) => [x - 4, y - 4, x + 4, y + 4];
    const boxes = points.map(({ x, y }) => around([x, y]));
    const dots = others.map(around);
    const meets = (a, b) => all(b[2] > a[0], a[2] > b[0], b[3] > a[1], a[3] > b[1]);
    for (const { x, y, name, chosen } of points) {
      const width = 6.9 * name.length + 4;
      const sides = [[8, -7], [8, 17], [-8 - width, -7], [-8 - width, 17], [-width / 2, -12], [-width / 2, 23]];
      const places = sides.map(([right, down]) => [x + right, y + down - 12, x + right + width, y + down + 3]);
      const fits = (box) => all(box[0] >= size.left, size.right + 12 >= box[2], box[1] >= size.top, size.bottom >= box[3]);
      const isFree = (place) => all(fits(place), !boxes.some((other) => meets(place, other)));
      const isClear = (place) => all(isFree(place), !dots.some((dot) => meets(place, dot)));
      const box = places.find(isClear) || places.find(isFree);
      if (!box) continue;
      boxes.push(box);
      svg.append(draw("text", { class: chosen ? "name chosen" : "name", x: box[0], y: box[3] - 3 }, name));
    }
  };

  const plot = (place, group, budget, over, chosen) => {
    const width = Math.min(Math.max(place.clientWidth, 280), 760);
    const height = width > 500 ? 380 : 320;
    const size = { left: 52, right: width - 16, top: 26, bottom: height - 42 };
    const value = (entry) => (group.scale === "decibel" ? -entry.error : entry.error);
    const drawn = [...group.entries.keys()].filter((i) => cost[over](group.entries[i], budget) !== null);
    place.replaceChildren();
    if (drawn.length === 0) {
      place.append("No quantizer of this group has a count of operations by this formula.");
      return;
    }
    const xs = drawn.map((i) => cost[over](group.entries[i], budget));
    const ys = drawn.map((i) => value(group.entries[i]));
    const [low, high] = [Math.min(...ys), Math.max(...ys)];
    const isLog = all(group.scale !== "decibel", low > 0, high > 2 * low);
    const x = scale(xs, all(over !== "bits", Math.min(...xs) > 0), size.left, size.right);
    const y = scale(ys, isLog, size.bottom, size.top);
    const title = `${group.error} over ${AXES[over](budget)}`;
    const svg = draw("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": title });
    const bits = [...new Set(xs)];
    for (const tick of all(over === "bits", 13 > bits.length) ? bits : x.ticks) {
      svg.append(draw("path", { class: "grid", d: `M${x.at(tick)} ${size.top}V${size.bottom}` }));
      svg.append(draw("text", { x: x.at(tick), y: size.bottom + 16, "text-anchor": "middle" }, few(tick)));
    }
    for (const tick of y.ticks) {
      svg.append(draw("path", { class: "grid", d: `M${size.left} ${y.at(tick)}H${size.right}` }));
      svg.append(draw("text", { x: size.left - 6, y: y.at(tick) + 4, "text-anchor": "end" }, few(tick)));
    }
    const middle = (size.left + size.right) / 2;
    svg.append(draw("text", { x: middle, y: height - 6, "text-anchor": "middle" }, AXES[over](budget)));
    svg.append(draw("text", { x: 4, y: 14 }, group.error));
    const most = over === "kib" ? (budget.bytes === null ? null : budget.bytes / 1024) : budget[over];
    if (most !== null) {
      const line = Math.min(Math.max(most > 0 ? x.at(most) : 0, size.left), size.right);
      svg.append(draw("path", { class: "limit", d: `M${line} ${size.top}V${size.bottom}` }));
    }
    const at = (i) => [x.at(cost[over](group.entries[i], budget)), y.at(value(group.entries[i]))];
    const best = front(group, budget, over);
    if (best.length > 0) svg.append(draw("path", { class: "front", d: `M${best.map((i) => at(i).join(" ")).join("L")}` }));
    const inside = new Set(allowed(group, budget));
    const rank = (i) => (i === chosen ? 3 : best.includes(i) ? 2 : inside.has(i) ? 1 : 0);
    for (const i of drawn.sort((a, b) => rank(a) - rank(b))) {
      const entry = group.entries[i];
      const [cx, cy] = at(i);
      const dot = draw("g", { class: ["s out", "s in", "s best", "s best"][rank(i)], style: entry.style });
      dot.append(draw("title", {}, describe(group, entry, budget)));
      if (i === chosen) dot.append(draw("circle", { class: "ring", cx, cy, r: 9 }));
      dot.append(draw("circle", { cx, cy, r: rank(i) > 1 ? 5 : 4 }));
      svg.append(dot);
    }
    const named = best.filter((i) => i !== chosen).reverse();
    if (drawn.includes(chosen)) named.unshift(chosen);
    const mark = (i) => ({ x: at(i)[0], y: at(i)[1], name: group.entries[i].name, chosen: i === chosen });
    label(svg, named.map(mark), drawn.map(at), size);
    const legend = document.createElement("p");
    legend.className = "legend";
    for (const [method, style] of new Map(group.entries.map((entry) => [entry.method, entry.style]))) {
      const key = document.createElement("span");
      key.append(document.createElement("i"), method);
      key.firstChild.className = "s";
      key.firstChild.setAttribute("style", style);
      legend.append(key);
    }
    place.append(svg, legend);
  };

  // Marks the rows of a group's table, and shows those that matter, or all.
  const mark = (table, group, budget, over, chosen, shown) => {
    const best = front(group, budget, over);
    for (const row of table.tBodies[0].rows) {
      const i = Number(row.dataset.i);
      const beyond = exceeded(group.entries[i], budget);
      const names = beyond.map((name) => ({ bits: "bits", wmops: "WMOPS", ms: "ms", bytes: "KiB" })[name]);
      const standing = i === chosen ? "choice" : best.includes(i) ? "front" : beyond.length > 0 ? "over" : "";
      row.className = standing;
      row.cells[1].textContent = standing === "over" ? `over ${names.join(", ")}` : standing;
      row.hidden = all(!shown, standing === "" ? true : standing === "over");
    }
  };

  const start = (section) => {
    const find = (selector) => section.querySelector(selector);
    const [form, output, list, place] = ["form", "output", ".price", ".place"].map(find);
    const data = JSON.parse(decodeURIComponent(find("a.data").getAttribute("href").split(",").slice(1).join(",")));
    const controls = [...form.elements].filter((control) => control.name);
    const read = (control) => (control.type === "checkbox" ? (control.checked ? "1" : "") : control.value);
    const write = (control, text) => {
      if (control.type === "checkbox") control.checked = text === "1";
      else if (control.type === "number") control.value = Number(text) >= 0 ? text : "";
      else if ([...control.options].some((option) => option.value === text)) control.value = text;
    };
    const { wmops, ms, codebook_bytes: bytes } = data.limits;
    const starts = { wmops, ms, kib: bytes === null ? null : bytes / 1024 };
    const defaults = new Map(controls.map((control) => {
      const limit = starts[control.name];
      return [control.name, typeof limit === "number" ? String(limit) : control.options ? control.options[0].value : ""];
    }));
    const field = (name) => controls.find((control) => control.name === name);
    const number = (name) => {
      const text = field(name) ? field(name).value : "";
      return all(text !== "", Number.isFinite(Number(text))) ? Number(text) : null;
    };
    let settings;
    const current = () => {
      const kib = number("kib");
      const by = field(data.by);
      const group = by ? data.groups.findIndex((other) => other.key === by.value) : 0;
      const bits = data.by === "bits" ? null : number("bits");
      const limits = { wmops: number("wmops"), ms: number("ms"), bytes: kib === null ? null : kib * 1024 };
      return { group, over: field("over").value, budget: { ...limits, bits, count: field("count").value } };
    };
    const update = () => {
      const { group: at, over, budget } = current();
      const group = data.groups[at];
      const chosen = best(group, budget);
      settings = [place, group, budget, over, chosen];
      output.textContent = chosen === null ? "No quantizer is within the budgets."
        : `Choice: ${describe(group, group.entries[chosen], budget)}.`;
      const items = [...limitPrices(group, budget, chosen), ...(chosen === null ? [] : nextDecibel(group, budget, chosen))];
      list.replaceChildren(...items.map((text) => {
        const item = document.createElement("li");
        item.textContent = text;
        return item;
      }));
      [...section.querySelectorAll(".group")].forEach((part, i) => {
        part.hidden = i !== at;
        if (i === at) mark(part.querySelector("table"), group, budget, over, chosen, field("all").checked);
      });
      plot(...settings);
    };
    // Settings that differ from the defaults are in the address, so that a link keeps them.
    const keep = () => {
      const changed = controls.filter((control) => read(control) !== defaults.get(control.name));
      const text = new URLSearchParams(changed.map((control) => [control.name, read(control)])).toString();
      history.replaceState(null, "", text ? `#${text}` : location.pathname + location.search);
    };
    const load = () => {
      const linked = new URLSearchParams(location.hash.slice(1));
      const own = controls.filter((control) => linked.has(control.name));
      for (const control of controls) write(control, defaults.get(control.name));
      for (const control of own) write(control, linked.get(control.name));
      update();
      if (own.length > 0) section.scrollIntoView();
    };
    form.addEventListener("input", () => { update(); keep(); });
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("reset", (event) => {
      event.preventDefault();
      for (const control of controls) write(control, defaults.get(control.name));
      update();
      keep();
    });
    addEventListener("hashchange", () => { if (location.hash.includes("=")) load(); });
    section.classList.add("live");
    for (const part of [form, list, place]) part.hidden = false;
    section.explorer = { data, best, front, prices };
    load();
    let width = place.clientWidth;
    new ResizeObserver(() => {
      if (place.clientWidth === width) return;
      width = place.clientWidth;
      plot(...settings);
    }).observe(place);
  };
  document.querySelectorAll("section.explorer").forEach(start);
})();
