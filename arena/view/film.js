"use strict";
// Plays the film in #film. Pictures are bytes of palette numbers, each xor the one before it; chunks of them are deflated,
// begin with a whole picture, and are unpacked when they are needed.
const film = JSON.parse(document.getElementById("match").textContent);
const at = (id) => document.getElementById(id);
const canvas = at("screen"), context = canvas.getContext("2d"), size = canvas.width * canvas.height;
const last = film.scores.length - 1, most = Math.max(...film.scores, 1), least = Math.min(...film.scores, 0);
const palette = new Uint32Array(film.palette.map(([r, g, b]) => (255 << 24) | (b << 16) | (g << 8) | r)); // little-endian RGBA
const image = context.createImageData(canvas.width, canvas.height), pixels = new Uint32Array(image.data.buffer);
const KEPT = 4, unpacked = new Map(); // the chunks used last
let ply = 0, timer = null;

function unpack(number) {
  let chunk = unpacked.get(number);
  if (!chunk) {
    const packed = Uint8Array.from(atob(film.chunks[number]), (c) => c.charCodeAt(0));
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
    chunk = new Response(stream).arrayBuffer().then((buffer) => {
      const bytes = new Uint8Array(buffer);
      for (let i = size; i < bytes.length; i++) bytes[i] ^= bytes[i - size];
      return bytes;
    });
  }
  unpacked.delete(number);
  unpacked.set(number, chunk);
  if (unpacked.size > KEPT) unpacked.delete(unpacked.keys().next().value);
  return chunk;
}

async function paint(wanted) {
  const number = Math.floor(wanted / film.chunk), bytes = await unpack(number);
  if (wanted !== ply) return; // another picture is wanted by now
  const start = (wanted - number * film.chunk) * size;
  for (let i = 0; i < size; i++) pixels[i] = palette[bytes[start + i]];
  context.putImageData(image, 0, 0);
  if (film.chunks[number + 1]) unpack(number + 1);
}

function draw(tag, attributes) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return at("curve").appendChild(element);
}

const x = (p) => (last ? p / last : 0) * 400;
function line(values, low, high) {
  const y = (value) => 125 - ((value - low) / Math.max(high - low, 1e-9)) * 120;
  return values.map((value, p) => (value === null ? "" : x(p).toFixed(1) + " " + y(value).toFixed(1))).filter(Boolean).map((point, i) => (i ? "L" : "M") + point).join("");
}

function curve() {
  draw("line", { class: "zero", x1: 0, x2: 400, y1: 125, y2: 125 });
  const known = film.values.filter((value) => value !== null);
  if (known.length) {
    draw("path", { class: "second", d: line(film.values, Math.min(...known), Math.max(...known)) });
    at("expectation").textContent = "and, in orange, what the player expects of the points soon to come";
  }
  draw("path", { class: "first", d: line(film.scores, least, most) });
  at("most").textContent = most;
  return draw("line", { class: "cursor", y1: 0, y2: 130 });
}

function show(p) {
  ply = Math.min(Math.max(p, 0), last);
  paint(ply);
  at("slider").value = ply;
  at("slider").setAttribute("aria-valuetext", "ply " + ply + " of " + last);
  at("ply").textContent = ply + " / " + last;
  at("score").textContent = film.scores[ply];
  at("meter").style.width = ((film.scores[ply] - least) / Math.max(most - least, 1e-9)) * 100 + "%";
  at("lives").textContent = film.lives[ply] === 1 ? "1 life" : film.lives[ply] + " lives";
  const value = film.values[ply];
  at("action").textContent = ply < last ? film.names[film.actions[ply]] + (value === null ? "" : ", expects " + value.toFixed(2)) : "";
  cursor.setAttribute("x1", x(ply));
  cursor.setAttribute("x2", x(ply));
}

function play(on) {
  clearInterval(timer);
  timer = on ? setInterval(() => (ply < last ? show(ply + 1) : play(false)), 1000 / film.rate) : null;
  document.body.classList.toggle("playing", on);
  at("play").setAttribute("aria-label", on ? "Stop" : "Play");
}

function toggle() {
  if (timer === null && ply === last) show(0);
  play(timer === null);
}

function step(p) {
  play(false);
  show(p);
}

const cursor = curve();
const KEYS = {
  ArrowLeft: () => step(ply - 1), ArrowRight: () => step(ply + 1),
  ArrowUp: () => step(ply - film.rate), ArrowDown: () => step(ply + film.rate),
  Home: () => step(0), End: () => step(last), " ": toggle,
};
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || !(event.key in KEYS)) return;
  if (event.key === " " && event.target.tagName === "BUTTON") return; // presses the focused button
  event.preventDefault();
  KEYS[event.key]();
});
at("home").addEventListener("click", () => step(0));
at("back").addEventListener("click", () => step(ply - 1));
at("next").addEventListener("click", () => step(ply + 1));
at("end").addEventListener("click", () => step(last));
at("play").addEventListener("click", toggle);
canvas.addEventListener("click", toggle);
at("slider").addEventListener("input", (event) => step(Number(event.target.value)));
function seek(event) {
  const box = at("curve").getBoundingClientRect();
  step(Math.round(((event.clientX - box.left) / box.width) * last));
}
at("curve").addEventListener("pointerdown", (event) => {
  at("curve").setPointerCapture(event.pointerId);
  seek(event);
});
at("curve").addEventListener("pointermove", (event) => event.buttons && seek(event));
const wanted = Number(location.hash.slice(1));
show(Number.isInteger(wanted) && location.hash ? wanted : 0);
