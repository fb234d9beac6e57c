// Plots of stretches of bars. `bars` holds columns by name, its start and the length of a bar in seconds.
const { createChart, createSeriesMarkers, createTextWatermark, CandlestickSeries, HistogramSeries, LineSeries, AreaSeries, LineType, LineStyle } = LightweightCharts;
const DAY = 86400;
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
const timeOf = (bars, place) => bars.start + bars.seconds * place;
const barOf = (bars, time) => timeOf(bars, Math.floor((time - bars.start) / bars.seconds));
const barLength = (seconds) => (seconds < 3600 ? seconds / 60 + " min" : seconds < DAY ? seconds / 3600 + " h" : seconds / DAY + " d");
const points = (bars, column, make = (value) => ({ value })) =>
  column.map((value, place) => (value === null ? { time: timeOf(bars, place) } : { time: timeOf(bars, place), ...make(value, place) }));

const RANGES = [["all", Infinity], ["30 days", 30 * DAY], ["7 days", 7 * DAY], ["1 day", DAY]];

// A chart with a line of values above it and buttons for ranges; `panes` names the panes from top to bottom.
class Plot {
  constructor(box, bars, panes) {
    box.plot?.chart.remove();
    box.replaceChildren();
    box.plot = this;
    this.bars = bars;
    this.shown = [];
    this.values = box.appendChild(document.createElement("p"));
    this.values.className = "values";
    this.place = box.appendChild(document.createElement("div"));
    this.place.className = "canvas";
    this.chart = createChart(this.place, {
      autoSize: true,
      layout: { background: { color: colour("card") }, textColor: colour("soft"), fontSize: 11, attributionLogo: false, panes: { separatorColor: colour("line") } },
      grid: { vertLines: { color: colour("grid") }, horzLines: { color: colour("grid") } },
      crosshair: { mode: 0 },
      rightPriceScale: { borderColor: colour("line"), minimumWidth: 64, entireTextOnly: true, tickMarkDensity: 1.6 },
      timeScale: { timeVisible: true, secondsVisible: false, minBarSpacing: 0.02, lockVisibleTimeRangeOnResize: true, borderColor: colour("line") },
      localization: { locale: "en-GB", timeFormatter: instant },
      handleScroll: { mouseWheel: false, vertTouchDrag: false },
      handleScale: { mouseWheel: false },
    });
    this.panes = panes;
    this.place.addEventListener("pointerdown", (event) => this.wheel(event.pointerType === "mouse"));
    this.place.addEventListener("pointerleave", () => this.wheel(false));
    this.chart.subscribeCrosshairMove((moved) => this.tell(moved.time === undefined ? null : moved.time));
    box.append(this.ranges());
  }

  wheel(isOn) {
    this.chart.applyOptions({ handleScale: { mouseWheel: isOn } });
  }

  // A series of one column. write: its values as text; a series with a name tells them above the plot.
  add(kind, pane, name, column, write, options, make) {
    const series = this.chart.addSeries(kind, { priceLineVisible: false, lastValueVisible: false, lineWidth: 2, crosshairMarkerVisible: false, priceFormat: { type: "custom", formatter: (value) => write(value), minMove: 1e-8 }, ...options }, pane);
    series.setData(points(this.bars, column, make));
    this.shown.push({ name, column, write, colour: options.color ?? options.lineColor ?? colour("ink") });
    return series;
  }

  // A straight line in the pane of the price.
  line(from, to, first, last, options) {
    const series = this.chart.addSeries(LineSeries, { priceLineVisible: false, lastValueVisible: false, crosshairMarkerVisible: false, lineWidth: 2, ...options }, 0);
    series.setData(from === to ? [{ time: from, value: first }] : [{ time: from, value: first }, { time: to, value: last }]);
  }

  finish() {
    this.panes.forEach(([title, share], place) => {
      const pane = this.chart.panes()[place];
      pane?.setStretchFactor(share);
      if (pane) createTextWatermark(pane, { horzAlign: "left", vertAlign: "top", lines: [{ text: title, color: colour("soft"), fontSize: 11 }] });
    });
    this.whole();
    this.tell(null);
  }

  // All bars, with room for the first label of the time axis.
  whole() {
    const length = this.shown[0].column.length;
    const room = length * 20 / Math.max(this.place.clientWidth - 64, 100);
    this.chart.timeScale().setVisibleLogicalRange({ from: -room, to: length - 1 });
  }

  // The values of the bar under the pointer, else of the last bar.
  tell(time) {
    const length = this.shown[0].column.length;
    const place = time === null ? length - 1 : Math.min(length - 1, Math.max(0, Math.round((time - this.bars.start) / this.bars.seconds)));
    const parts = this.shown.filter((one) => one.name).map((one) => {
      const part = document.createElement("span");
      part.style.setProperty("--key", one.colour);
      part.textContent = `${one.name} ${known(one.column[place], one.write)}`;
      return part;
    });
    const when = document.createElement("strong");
    when.textContent = instant(timeOf(this.bars, place));
    this.values.replaceChildren(when, ...parts);
  }

  show(from, to) {
    const at = (time) => (time - this.bars.start) / this.bars.seconds;
    this.chart.timeScale().setVisibleLogicalRange({ from: at(from), to: at(to) });
  }

  ranges() {
    const row = document.createElement("div");
    row.className = "choice ranges";
    const span = this.bars.seconds * (this.bars.equity ?? this.bars.close).length;
    const button = (text, act) => {
      const made = row.appendChild(document.createElement("button"));
      made.type = "button";
      made.textContent = text;
      made.addEventListener("click", act);
    };
    RANGES.filter(([, seconds]) => seconds === Infinity || seconds < span).forEach(([text, seconds]) => button(text, () => {
      const end = this.chart.timeScale().getVisibleLogicalRange().to;
      if (seconds === Infinity) this.whole();
      else this.chart.timeScale().setVisibleLogicalRange({ from: end - seconds / this.bars.seconds, to: end });
    }));
    const zoom = (factor) => {
      const { from, to } = this.chart.timeScale().getVisibleLogicalRange();
      const half = (to - from) / 2 * factor;
      this.chart.timeScale().setVisibleLogicalRange({ from: (from + to) / 2 - half, to: (from + to) / 2 + half });
    };
    button("+", () => zoom(0.5));
    button("−", () => zoom(2));
    return row;
  }
}

// With more marks than this, none gets a label.
const MOST_NUMBERED = 12;
const STEPS = { lineType: LineType.WithSteps };

const drawEquity = (box, data) => {
  const bars = data.equity;
  const plot = new Plot(box, bars, [["equity, USDT", 5], ["drawdown", 2], ["exposure, USDT", 2]]);
  const equity = plot.add(LineSeries, 0, "equity", bars.equity, fixed, { color: colour("blue"), ...STEPS });
  plot.add(LineSeries, 0, "buy and hold", bars.hold, fixed, { color: colour("soft"), lineWidth: 1, ...STEPS });
  plot.add(AreaSeries, 1, "drawdown", bars.drawdown, percent, { lineColor: colour("loss"), topColor: colour("loss") + "33", bottomColor: colour("loss") + "33", lineWidth: 1, invertFilledArea: true, ...STEPS });
  plot.add(AreaSeries, 2, "exposure", bars.exposure, (value) => fixed(value, 0), { lineColor: colour("mild"), topColor: colour("mild") + "55", bottomColor: colour("mild") + "11", lineWidth: 1, ...STEPS });
  plot.chart.panes()[1].priceScale("right").applyOptions({ invertScale: true, scaleMargins: { top: 0.03, bottom: 0.1 } });
  createSeriesMarkers(equity, data.kills.map(([time, subject]) => ({ time: barOf(bars, time), position: "aboveBar", shape: "arrowDown", color: colour("loss"), text: data.kills.length > MOST_NUMBERED ? "" : "kill " + subject })));
  plot.finish();
};

const isWon = (trade) => trade.net_usd > 0;
const marksOf = (bars, trade, isNumbered) => {
  const isLong = trade.side === "LONG";
  const name = isNumbered ? `${trade.number}` : "";
  const marks = [{ time: barOf(bars, trade.opened_utc), position: isLong ? "belowBar" : "aboveBar", shape: isLong ? "arrowUp" : "arrowDown", color: colour("blue"), text: name }];
  if (trade.closed_utc !== null) marks.push({ time: barOf(bars, trade.closed_utc), position: isLong ? "aboveBar" : "belowBar", shape: isWon(trade) ? "circle" : "square", color: colour(isWon(trade) ? "gain" : "loss"), text: "" });
  return marks;
};

// The market of a pair with all its trades, or with one of them in the finest bars there are.
const drawMarket = (box, data, base, trades, chosen) => {
  const bars = (chosen && data.windows[chosen.number]) || data.pairs[base];
  const hasForced = [...bars.long_liquidations_usd, ...bars.short_liquidations_usd].some((value) => value !== null);
  const plot = new Plot(box, bars, [[`${base}, bars of ${barLength(bars.seconds)}`, 6], ["volume, USDT", 1.5], ["funding", 1.5], [`open interest, ${base}`, 1.5], [hasForced ? "liquidations, USDT" : "liquidations: none recorded", 1.5]]);
  const candles = plot.add(CandlestickSeries, 0, "", bars.close, price, { upColor: colour("card"), downColor: colour("soft"), borderColor: colour("soft"), wickColor: colour("soft") },
    (close, place) => ({ open: bars.open[place], high: bars.high[place], low: bars.low[place], close }));
  plot.shown.push(...["open", "high", "low", "close"].map((name) => ({ name, column: bars[name], write: price, colour: colour("soft") })));
  const rises = bars.close.map((close, place) => close >= bars.open[place]);
  plot.add(HistogramSeries, 1, "volume", bars.volume_usd, short, { color: colour("soft") }, (value, place) => ({ value, color: colour("soft") + (rises[place] ? "77" : "cc") }));
  plot.add(LineSeries, 2, "funding", bars.funding, (value) => percent(value, 4), { color: colour("mild"), ...STEPS });
  plot.add(LineSeries, 3, "open interest", bars.open_interest, short, { color: colour("blue"), ...STEPS });
  plot.add(HistogramSeries, 4, "liquidated longs", bars.long_liquidations_usd, short, { color: colour("loss") }, (value) => ({ value: -value }));
  plot.add(HistogramSeries, 4, "shorts", bars.short_liquidations_usd, short, { color: colour("gain") });
  const marked = chosen ? [chosen] : trades;
  const marks = marked.flatMap((trade) => marksOf(bars, trade, marked.length <= MOST_NUMBERED));
  createSeriesMarkers(candles, marks.sort((one, other) => one.time - other.time));
  plot.finish();
  if (chosen) {
    const end = chosen.closed_utc ?? timeOf(bars, bars.close.length - 1);
    const [from, to] = [barOf(bars, chosen.opened_utc), barOf(bars, end)];
    const level = (value, options) => value !== null && plot.line(from, to, value, value, options);
    level(chosen.stop_price, { color: colour("loss"), lineStyle: LineStyle.Dashed });
    level(chosen.target_price, { color: colour("gain"), lineStyle: LineStyle.Dotted });
    if (chosen.exit_price !== null) plot.line(from, to, chosen.entry_price, chosen.exit_price, { color: colour(isWon(chosen) ? "gain" : "loss") });
    const room = Math.max((end - chosen.opened_utc) / 3, 1200);
    plot.show(chosen.opened_utc - room, end + room);
  }
};
