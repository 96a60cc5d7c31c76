// The page: strokes go to the server as a small grey picture; its answer is shown while one still draws.

import { chooseLanguage, currentLanguage, words } from "./words.js";

const SENT = 112; // the side of the picture that is sent, as the server expects it
const MARGIN = 10; // around the digit in it
const PEN = 11; // as wide, for a digit of the rest, as MNIST's pens were
const SETTLED = 300; // milliseconds without a stroke before the gradient is checked
const MORE = [255, 157, 46];
const LESS = [74, 168, 255];

const at = (id) => document.getElementById(id);
const paper = at("paper");

const strokes = []; // each a list of points in [0, 1]
let pointer = null; // of the stroke under way
let answer = null;
let check = null;
let version = 0; // of the drawing; what belongs to an older one is not shown
let asking = false;
let timer = 0;

// ---- drawing ----

function trace(context, points, place) {
  context.beginPath();
  points.forEach((point, i) => context[i ? "lineTo" : "moveTo"](...place(point)));
  const [x, y] = place(points.at(-1));
  context.lineTo(x + 0.01, y); // a line of no length is not drawn, and a dot would be none
  context.stroke();
}

function prepare(context, width, colour) {
  context.lineWidth = width;
  context.lineCap = context.lineJoin = "round";
  context.strokeStyle = colour;
}

function showPaper() {
  const side = Math.round(paper.clientWidth * devicePixelRatio);
  if (paper.width !== side || paper.height !== side) paper.width = paper.height = side;
  const context = paper.getContext("2d");
  context.clearRect(0, 0, side, side);
  prepare(context, side * 0.055, getComputedStyle(paper).color);
  for (const points of strokes) trace(context, points, ([x, y]) => [x * side, y * side]);
}

// The digit fills the picture and the pen is as wide as the digit's size asks for, so a small one is no blot.
function pictureToSend() {
  const points = strokes.flat();
  const [left, right] = [Math.min(...points.map((p) => p[0])), Math.max(...points.map((p) => p[0]))];
  const [top, bottom] = [Math.min(...points.map((p) => p[1])), Math.max(...points.map((p) => p[1]))];
  const extent = Math.max(right - left, bottom - top, 0.05);
  const scale = (SENT - 2 * MARGIN) / extent;
  const place = ([x, y]) => [
    SENT / 2 + (x - (left + right) / 2) * scale,
    SENT / 2 + (y - (top + bottom) / 2) * scale,
  ];
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SENT;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  prepare(context, PEN, "#fff");
  for (const stroke of strokes) trace(context, stroke, place);
  const { data } = context.getImageData(0, 0, SENT, SENT);
  return Uint8Array.from({ length: SENT * SENT }, (_, i) => data[4 * i + 3]);
}

function pointOf(event) {
  const box = paper.getBoundingClientRect();
  const inside = (value) => Math.min(1, Math.max(0, value));
  return [inside((event.clientX - box.left) / box.width), inside((event.clientY - box.top) / box.height)];
}

paper.addEventListener("pointerdown", (event) => {
  if (pointer !== null || event.button !== 0) return;
  event.preventDefault();
  pointer = event.pointerId;
  paper.setPointerCapture(pointer);
  strokes.push([pointOf(event)]);
  changed();
});

paper.addEventListener("pointermove", (event) => {
  if (event.pointerId !== pointer) return;
  const events = event.getCoalescedEvents?.() ?? [];
  strokes.at(-1).push(...(events.length ? events : [event]).map(pointOf));
  changed();
});

for (const name of ["pointerup", "pointercancel"]) {
  paper.addEventListener(name, (event) => {
    if (event.pointerId !== pointer) return;
    pointer = null;
    settle();
  });
}

function undo() {
  if (pointer !== null || !strokes.length) return;
  strokes.pop();
  changed();
  settle();
}

function clear() {
  if (pointer !== null || !strokes.length) return;
  strokes.length = 0;
  changed();
  settle();
}

at("undo").addEventListener("click", undo);
at("clear").addEventListener("click", clear);
document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && !event.shiftKey && event.key.toLowerCase() === "z") {
    event.preventDefault();
    undo();
  }
});

// ---- asking ----

async function post(name, body) {
  const reply = await fetch(name, { method: "POST", body });
  if (!reply.ok) throw new Error(words().refused(await reply.text()));
  return reply.json();
}

function complain(error) {
  at("trouble").textContent = error instanceof TypeError ? words().gone : error.message;
  at("trouble").hidden = false;
}

function changed() {
  version += 1;
  check = null;
  clearTimeout(timer);
  showPaper();
  if (!strokes.length) answer = null;
  show();
  ask();
}

// One question at a time; if the drawing has changed meanwhile, the next is about how it is by then.
async function ask() {
  if (asking || !strokes.length) return;
  asking = true;
  const asked = version;
  try {
    const reply = await post("answer", pictureToSend());
    at("trouble").hidden = true;
    if (strokes.length) answer = reply;
    show();
  } catch (error) {
    complain(error);
    return;
  } finally {
    asking = false;
  }
  if (asked !== version) ask();
}

function settle() {
  clearTimeout(timer);
  if (!strokes.length) {
    at("status").textContent = words().empty;
    return;
  }
  const asked = version;
  timer = setTimeout(async () => {
    try {
      const result = await post("check", pictureToSend());
      if (asked !== version) return;
      check = result;
      show();
      at("status").textContent = spoken();
    } catch (error) {
      complain(error);
    }
  }, SETTLED);
}

// ---- showing ----

const percent = (share) =>
  share.toLocaleString(currentLanguage(), { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 });

const bars = Array.from({ length: 10 }, (_, digit) => {
  const [row, track, bar, share] = ["li", "div", "div", "span"].map((tag) => document.createElement(tag));
  [track.className, bar.className, share.className] = ["track", "bar", "share"];
  track.append(bar);
  row.append(String(digit), track, share);
  at("bars").append(row);
  return { row, bar, share };
});

function show() {
  at("hint").hidden = strokes.length > 0;
  at("undo").disabled = at("clear").disabled = strokes.length === 0;
  at("digit").textContent = answer ? answer.digit : "?";
  at("certainty").textContent = answer ? words().certain(percent(answer.probabilities[answer.digit])) : "";
  bars.forEach(({ row, bar, share }, digit) => {
    row.classList.toggle("winner", answer?.digit === digit);
    bar.style.width = `${100 * (answer?.probabilities[digit] ?? 0)}%`;
    share.textContent = answer ? percent(answer.probabilities[digit]) : "";
  });
  at("gradient-caption").textContent = answer ? words().gradientOf(answer.digit) : words().gradient;
  at("more").textContent = words().more(answer?.digit);
  at("less").textContent = words().less(answer?.digit);
  at("checked").textContent = answer ? checkedLine() : "";
  at("checked").className = check?.verdict ?? "";
  showPicture();
}

function checkedLine() {
  if (!check) return words().checking;
  const said = words()[check.verdict];
  return (typeof said === "string" ? said : said(check)) + (check.kinks ? words().kinks(check.kinks) : "");
}

function spoken() {
  if (!answer) return "";
  return `${words().spoken(answer.digit, percent(answer.probabilities[answer.digit]))} ${checkedLine()}`;
}

function showPicture() {
  const largest = answer ? Math.max(...answer.gradient.map(Math.abs)) || 1 : 1;
  paint("picture", (i) => Array(3).fill(255 * answer.picture[i]));
  paint("gradient", (i) => {
    const pull = answer.gradient[i] / largest;
    const grey = 90 * answer.picture[i];
    return (pull > 0 ? MORE : LESS).map((c) => grey + (c - grey) * Math.min(1, Math.abs(pull)) ** 0.8);
  });
}

function paint(id, colourOf) {
  const canvas = at(id);
  const side = answer?.side ?? 28;
  canvas.width = canvas.height = side; // which also empties it
  if (!answer) return;
  const image = canvas.getContext("2d").createImageData(side, side);
  for (let i = 0; i < side * side; i += 1) image.data.set([...colourOf(i), 255], 4 * i);
  canvas.getContext("2d").putImageData(image, 0, 0);
}

// ---- language ----

function speak(code) {
  chooseLanguage(code);
  document.documentElement.lang = currentLanguage() === "zh" ? "zh-Hans" : "en";
  document.title = words().title;
  for (const element of document.querySelectorAll("[data-words]")) element.textContent = words()[element.dataset.words];
  for (const element of document.querySelectorAll("[data-label]")) element.ariaLabel = words()[element.dataset.label];
  const other = currentLanguage() === "zh" ? "en" : "zh";
  at("language").textContent = at("language").ariaLabel = words().other;
  at("language").lang = other;
  show();
}

at("language").addEventListener("click", () => speak(currentLanguage() === "zh" ? "en" : "zh"));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", showPaper);
new ResizeObserver(showPaper).observe(paper);
speak(new URLSearchParams(location.search).get("lang") ?? (navigator.language.startsWith("zh") ? "zh" : "en"));
