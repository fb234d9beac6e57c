"use strict";
document.documentElement.classList.add("scripting");

// A pair at a time, and in it the whole period or one trade.
const showPair = (base) => {
  document.querySelectorAll("[data-pair]").forEach((button) => button.setAttribute("aria-pressed", String(button.dataset.pair === base)));
  document.querySelectorAll("[data-panel]").forEach((panel) => panel.classList.toggle("shown", panel.dataset.panel === base));
};
document.querySelectorAll("[data-pair]").forEach((button) => button.addEventListener("click", () => showPair(button.dataset.pair)));
document.querySelectorAll("[data-panel]").forEach((panel) => {
  const select = panel.querySelector("[data-views]");
  const show = () => panel.querySelectorAll("[data-view]").forEach((view) => view.classList.toggle("shown", view.dataset.view === select.value));
  select.addEventListener("change", show);
  panel.querySelectorAll("[data-step]").forEach((button) => button.addEventListener("click", () => {
    const count = select.options.length;
    select.selectedIndex = (select.selectedIndex + Number(button.dataset.step) + count) % count;
    show();
  }));
  panel.querySelectorAll("[data-show]").forEach((button) => button.addEventListener("click", () => {
    select.value = button.dataset.show;
    show();
    panel.scrollIntoView({ block: "start" });
    select.focus({ preventScroll: true });
  }));
});

// The value under the pointer, and with the arrow keys.
document.querySelectorAll("svg[data-hover]").forEach((plot) => {
  const data = JSON.parse(plot.dataset.hover);
  const told = document.createElement("output");
  told.className = "told";
  plot.parentElement.append(told);
  const cursor = document.createElementNS(plot.namespaceURI, "line");
  cursor.setAttribute("class", "cursor");
  cursor.setAttribute("y1", "0");
  cursor.setAttribute("y2", "100%");
  let place = data.x.length - 1;
  const tell = () => {
    cursor.setAttribute("x1", data.x[place] / 10 + "%");
    cursor.setAttribute("x2", data.x[place] / 10 + "%");
    plot.append(cursor);
    told.textContent = data.text[place];
  };
  const hush = () => {
    cursor.remove();
    told.textContent = "";
  };
  plot.tabIndex = 0;
  plot.addEventListener("pointermove", (event) => {
    const box = plot.getBoundingClientRect();
    const x = (event.clientX - box.left) / box.width * 1000;
    place = data.x.reduce((best, value, index) => Math.abs(value - x) < Math.abs(data.x[best] - x) ? index : best, 0);
    tell();
  });
  plot.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    place = Math.min(data.x.length - 1, Math.max(0, place + step));
    tell();
  });
  plot.addEventListener("pointerleave", hush);
  plot.addEventListener("blur", hush);
});
