"use strict";
document.documentElement.classList.add("scripting");

// All data of the page in one string: JSON, deflated, in base64.
const unpack = async (text) => {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"))).json();
};

// Numbers and instants as the rest of the page writes them; what rounds to zero has no sign.
const unsigned = (text) => (/[1-9]/.test(text) ? text : text.replace(/^[+-]/, ""));
const fixed = (value, digits = 2) => unsigned(value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits }));
const signed = (value) => (fixed(value).startsWith("-") || !/[1-9]/.test(fixed(value)) ? fixed(value) : "+" + fixed(value));
const price = (value) => (Math.abs(value) >= 100000 ? fixed(value, 1) : String(Number(value.toPrecision(6))));
const short = (value) => value.toLocaleString("en-US", { notation: "compact", maximumSignificantDigits: 4 });
const percent = (value, digits = 2) => fixed(100 * value, digits) + " %";
const instant = (seconds) => new Date(1000 * seconds).toISOString().slice(0, 16).replace("T", " ");
const duration = (seconds) => {
  if (seconds < 120) return Math.round(seconds) + " s";
  if (seconds < 7200) return (seconds / 60).toFixed(1) + " min";
  return seconds < 172800 ? (seconds / 3600).toFixed(1) + " h" : (seconds / 86400).toFixed(1) + " d";
};
const known = (value, write) => (value === null || value === undefined ? "-" : write(value));

// Marks tables that are wider than their container.
const hintAtWidth = () => document.querySelectorAll(".scroll").forEach((box) => {
  const isCut = box.scrollWidth > box.clientWidth + 1;
  if (isCut && !box.previousElementSibling?.classList.contains("hint")) {
    const hint = document.createElement("p");
    hint.className = "hint";
    hint.textContent = "More columns to the right: swipe or scroll →";
    box.before(hint);
  }
  if (!isCut && box.previousElementSibling?.classList.contains("hint")) box.previousElementSibling.remove();
});
window.addEventListener("resize", hintAtWidth);
