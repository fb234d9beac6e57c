// The table of trades, the choice of pair and trade, and the start of everything.
const ROWS = 100;
const WRITERS = { count: String, text: String, time: instant, duration, price, signed };

const csvOf = (columns, trades) => {
  // A cell that a spreadsheet would take for a formula begins with an apostrophe.
  const safe = (text) => (/^[=+\-@]./.test(text) ? `'${text}` : text);
  const cell = (value) => (/[",\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);
  const written = (value, kind) => known(value, (it) => (kind === "time" ? new Date(1000 * it).toISOString().replace(".000Z", "+00:00") : kind === "text" ? safe(String(it)) : String(it))).replace(/^-$/, "");
  return [columns.map(([key]) => key), ...trades.map((trade) => columns.map(([key, , kind]) => written(trade[key], kind)))]
    .map((row) => row.map(cell).join(",")).join("\r\n") + "\r\n";
};

const drawTrades = (data, trades, open) => {
  const table = document.querySelector("[data-trades]");
  if (!table) return;
  let [sorted, isDown, most] = ["number", false, ROWS];
  const order = (one, other) => {
    const [left, right] = [one[sorted], other[sorted]];
    if (left === null || right === null) return (left === null) - (right === null);
    return (left < right ? -1 : left > right ? 1 : one.number - other.number) * (isDown ? -1 : 1);
  };
  const cellOf = (trade, [key, , kind]) => {
    const cell = document.createElement("td");
    cell.className = kind === "text" || kind === "time" ? "" : "number";
    if (kind === "signed" && key.startsWith("net") && trade[key] !== null) cell.classList.add(trade[key] > 0 ? "won" : "lost");
    if (key !== "number") {
      cell.textContent = known(trade[key], WRITERS[kind]);
      return cell;
    }
    const button = cell.appendChild(document.createElement("button"));
    button.type = "button";
    button.className = "plain";
    button.textContent = trade.number;
    button.setAttribute("aria-label", `Show trade ${trade.number} in its market`);
    button.addEventListener("click", () => open(trade));
    return cell;
  };
  const draw = () => {
    table.tBodies[0].replaceChildren(...[...trades].sort(order).slice(0, most).map((trade) => {
      const row = document.createElement("tr");
      row.append(...data.columns.map((column) => cellOf(trade, column)));
      return row;
    }));
    table.querySelectorAll("th").forEach((head) => head.setAttribute("aria-sort", head.dataset.key !== sorted ? "none" : isDown ? "descending" : "ascending"));
    document.querySelector("[data-count]").textContent = `${Math.min(most, trades.length)} of ${trades.length} trades are shown`;
    document.querySelector("[data-more]").parentElement.hidden = most >= trades.length;
  };
  const heads = document.createElement("tr");
  heads.append(...data.columns.map(([key, heading, kind]) => {
    const head = document.createElement("th");
    head.scope = "col";
    head.dataset.key = key;
    head.className = kind === "text" || kind === "time" ? "" : "number";
    const button = head.appendChild(document.createElement("button"));
    button.type = "button";
    button.textContent = heading;
    button.addEventListener("click", () => {
      [sorted, isDown] = [key, sorted === key ? !isDown : kind === "signed"];
      draw();
    });
    return head;
  }));
  table.tHead.append(heads);
  document.querySelector("[data-more]").addEventListener("click", () => {
    most += 5 * ROWS;
    draw();
  });
  document.querySelector("[data-csv]").addEventListener("click", () => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([csvOf(data.columns, trades)], { type: "text/csv" }));
    link.download = `run-${data.run}-trades.csv`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  });
  draw();
};

// Shows one pair: the whole period or one trade. Returns the function that opens a trade.
const startMarkets = (data, trades) => {
  const box = document.querySelector("[data-plot=market]");
  if (!box) return () => {};
  const select = document.querySelector("[data-trade]");
  const buttons = [...document.querySelectorAll("[data-pair]")];
  const ofPair = (base) => trades.filter((trade) => trade.pair === base);
  let pair = data.opens;
  const show = () => drawMarket(box, data, pair, ofPair(pair), ofPair(pair).find((trade) => String(trade.number) === select.value) ?? null);
  const choose = (base, number) => {
    pair = base;
    buttons.forEach((button) => button.setAttribute("aria-pressed", String(button.dataset.pair === base)));
    const option = (value, text) => new Option(text, value);
    select.replaceChildren(option("", "the whole period"), ...ofPair(base).map((trade) =>
      option(trade.number, `trade ${trade.number}: ${instant(trade.opened_utc)} ${trade.side}, ${trade.exit_reason.toLowerCase()}, ${signed(trade.net_usd)} USDT`)));
    select.value = number ?? "";
    show();
  };
  buttons.forEach((button) => {
    button.querySelector("small").textContent = ofPair(button.dataset.pair).length;
    button.addEventListener("click", () => choose(button.dataset.pair, null));
  });
  select.addEventListener("change", show);
  document.querySelectorAll("[data-step]").forEach((button) => button.addEventListener("click", () => {
    select.selectedIndex = (select.selectedIndex + Number(button.dataset.step) + select.options.length) % select.options.length;
    show();
  }));
  choose(pair, null);
  return (trade) => {
    choose(trade.pair, trade.number);
    document.querySelector("#markets").scrollIntoView({ block: "start" });
  };
};

unpack(document.querySelector("#packed").textContent).then((data) => {
  const trades = data.trades.map((row) => Object.fromEntries(data.columns.map(([key], place) => [key, row[place]])));
  const draw = () => {
    const box = document.querySelector("[data-plot=equity]");
    if (box && data.equity) drawEquity(box, data);
  };
  draw();
  const open = startMarkets(data, trades);
  drawTrades(data, trades, open);
  hintAtWidth();
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => window.location.reload());
});
