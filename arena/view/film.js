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

const { toggle, seekable, x } = player({ last, now: () => ply, show, leap: film.rate, pause: 1000 / film.rate });
const y = (value, low, high) => 125 - ((value - low) / Math.max(high - low, 1e-9)) * 120;
function line(values, low, high) {
  return values.map((value, p) => (value === null ? "" : x(p).toFixed(1) + " " + y(value, low, high).toFixed(1))).filter(Boolean).map((point, i) => (i ? "L" : "M") + point).join("");
}

function curve() {
  const draw = (tag, attributes) => svg(at("curve"), tag, attributes);
  draw("line", { class: "zero", x1: 0, x2: 400, y1: y(0, least, most), y2: y(0, least, most) });
  const known = film.values.filter((value) => value !== null);
  if (known.length) {
    const low = Math.min(...known, 0), high = Math.max(...known, 0);
    draw("path", { class: "second", d: line(film.values, low, high) });
    const range = low.toFixed(2) + " to " + high.toFixed(2);
    at("expectation").textContent = "and, in orange, what the player expects of the points soon to come, " + range;
  }
  draw("path", { class: "first", d: line(film.scores, least, most) });
  at("most").textContent = most;
  at("least").textContent = least || "";
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
  if (Math.max(...film.lives)) at("lives").textContent = film.lives[ply] === 1 ? "1 life" : film.lives[ply] + " lives";
  const value = film.values[ply];
  at("action").textContent = ply < last ? film.names[film.actions[ply]] + (value === null ? "" : ", expects " + value.toFixed(2)) : "";
  cursor.setAttribute("x1", x(ply));
  cursor.setAttribute("x2", x(ply));
}

const cursor = curve();
canvas.addEventListener("click", toggle);
seekable(at("curve"));
show(asked(0));
