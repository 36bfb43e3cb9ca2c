// Plays the film in #match. Pictures are bytes of palette numbers, in chunks of so many.
const film = JSON.parse(document.getElementById("match").textContent);
const canvas = at("screen"), context = canvas.getContext("2d"), size = canvas.width * canvas.height;
const last = film.scores.length - 1, most = Math.max(...film.scores, 1), least = Math.min(...film.scores, 0);
const palette = new Uint32Array(film.palette.map(([r, g, b]) => (255 << 24) | (b << 16) | (g << 8) | r)); // little-endian RGBA
const image = context.createImageData(canvas.width, canvas.height), pixels = new Uint32Array(image.data.buffer);
const chunk = chunks(film.chunks, size);
let ply = 0;

async function paint(wanted) {
  const number = Math.floor(wanted / film.chunk), bytes = await chunk(number);
  if (wanted !== ply) return; // another picture is wanted by now
  const start = (wanted - number * film.chunk) * size;
  for (let i = 0; i < size; i++) pixels[i] = palette[bytes[start + i]];
  context.putImageData(image, 0, 0);
  if (film.chunks[number + 1]) chunk(number + 1);
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

const { toggle, seekable } = player({ last, now: () => ply, show, leap: film.rate, pause: 1000 / film.rate });
const cursor = curve();
canvas.addEventListener("click", toggle);
seekable(at("curve"));
const wanted = Number(location.hash.slice(1));
show(Number.isInteger(wanted) && location.hash ? wanted : 0);
