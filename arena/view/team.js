// Shows the game in #match: tokens on a map, or (where there is no map) pictures. Bytes are deflated, in base 64.
const game = JSON.parse(document.getElementById("match").textContent);
const canvas = at("screen"), context = canvas.getContext("2d");
const last = game.last, units = game.units.length, RATE = 8;
let now = 0, fog = 2, stats = null, actions = null;

const size = canvas.width * canvas.height, chunk = chunks(game.chunks, game.map ? Infinity : size);

async function paint(wanted) {
  const number = Math.floor(wanted / game.chunk), first = number * game.chunk, bytes = await chunk(number);
  if (wanted !== now) return; // another moment is wanted by now
  if (game.map) map(bytes, first, wanted);
  else picture(bytes, wanted - first);
  if (game.chunks[number + 1]) chunk(number + 1);
}

const palette = game.map ? null : new Uint32Array(game.palette.map(([r, g, b]) => (255 << 24) | (b << 16) | (g << 8) | r));
function picture(bytes, place) {
  const image = context.createImageData(canvas.width, canvas.height), pixels = new Uint32Array(image.data.buffer);
  for (let i = 0; i < size; i++) pixels[i] = palette[bytes[place * size + i]];
  context.putImageData(image, 0, 0);
}

const shade = document.createElement("canvas");
shade.width = canvas.width;
shade.height = canvas.height;
function darkness(tokens) { // everywhere but where the side's own units see
  const dark = shade.getContext("2d"), scale = canvas.width / game.map.width;
  dark.globalCompositeOperation = "source-over";
  dark.clearRect(0, 0, shade.width, shade.height);
  dark.fillStyle = "rgba(16, 20, 28, .5)";
  dark.fillRect(0, 0, shade.width, shade.height);
  dark.globalCompositeOperation = "destination-out";
  dark.fillStyle = "#000";
  for (const token of tokens) {
    const sight = game.map.kinds[token[0]].sight * scale;
    if (token[1] !== fog || !sight) continue;
    dark.beginPath();
    dark.arc(token[2], token[3], sight, 0, 7);
    dark.fill();
  }
  context.drawImage(shade, 0, 0);
}

function map(bytes, first, wanted) {
  const counts = game.counts.slice(first, first + game.chunk), total = counts.reduce((sum, n) => sum + n, 0);
  const start = counts.slice(0, wanted - first).reduce((sum, n) => sum + n, 0);
  const scale = canvas.width / game.map.width, tokens = [];
  for (let k = start; k < start + counts[wanted - first]; k++) {
    const token = Array.from({ length: 7 }, (_, column) => bytes[column * total + k]);
    token[2] *= canvas.width / 255;
    token[3] *= canvas.height / 255;
    if ((token[6] >> fog) & 1) tokens.push(token);
  }
  context.clearRect(0, 0, canvas.width, canvas.height);
  if (fog < 2) darkness(tokens);
  for (const token of tokens) draw(token, scale);
}

function draw([number, owner, x, y, health, mana], scale) {
  const kind = game.map.kinds[number], r = kind.radius * scale, colour = game.map.colours[owner];
  context.fillStyle = colour;
  context.strokeStyle = "#fff";
  context.lineWidth = 1.2 * scale;
  context.beginPath();
  if (kind.shape === "square") context.roundRect(x - r, y - r, 2 * r, 2 * r, r / 3);
  else context.arc(x, y, r, 0, 7);
  if (kind.shape === "ring") {
    context.strokeStyle = colour;
    context.setLineDash([r / 2, r / 3]);
    context.stroke();
    context.setLineDash([]);
    return;
  }
  context.fill();
  if (kind.label || kind.shape === "square") context.stroke();
  if (kind.label) {
    context.fillStyle = "#fff";
    context.font = "600 " + r + "px system-ui, sans-serif";
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.fillText(kind.label, x, y);
  }
  if (!kind.label && kind.shape !== "square") return;
  const wide = Math.max(2.4 * r, 16 * scale), high = 2.6 * scale;
  const bar = (top, part, fill) => {
    context.fillStyle = "rgba(20, 24, 30, .55)";
    context.fillRect(x - wide / 2, top, wide, high);
    context.fillStyle = fill;
    context.fillRect(x - wide / 2, top, (wide * part) / 255, high);
  };
  bar(y - r - 2 * high - (mana ? high : 0), health, "#58c16b");
  if (mana) bar(y - r - 1.8 * high, mana, "#5b9bf0");
}

const { step, toggle, seekable, x } = player({
  last, now: () => now, show, leap: 20, pause: 1000 / RATE, keys: { f: () => game.map && look((fog + 1) % 3) },
});
const cursors = [], numbers = [];
function cursorIn(box) {
  seekable(box);
  cursors.push(svg(box, "line", { class: "cursor", y1: 0, y2: 100 }));
}

function curve(title, series, low, high, shown) {
  const card = node(at("curves"), "div", undefined, "curve"), head = node(card, "h2");
  node(head, "span", title);
  const told = SIDES.map((side) => node(head, "b", "", side));
  const box = svg(card, "svg", { viewBox: "0 0 400 100", preserveAspectRatio: "none", role: "img", "aria-label": title + " of both sides" });
  const y = (value) => 97 - ((value - low) / Math.max(high - low, 1e-9)) * 94;
  svg(box, "line", { class: "zero", x1: 0, x2: 400, y1: y(0), y2: y(0) });
  series.forEach((values, seat) => {
    const points = values.map((value, k) => (value === null ? "" : x(k).toFixed(1) + " " + y(value).toFixed(1))).filter(Boolean);
    if (points.length) svg(box, "path", { class: SIDES[seat], d: "M" + points.join("L") });
  });
  cursorIn(box);
  numbers.push(() => told.forEach((element, seat) => {
    const value = series[seat][Math.min(now, series[seat].length - 1)];
    element.textContent = value === null || value === undefined ? "" : shown(value);
  }));
}

function timeline() {
  const card = node(at("curves"), "div", undefined, "curve"), head = node(card, "h2");
  node(head, "span", "Time line");
  const box = svg(card, "svg", { class: "marks", viewBox: "0 0 400 100", preserveAspectRatio: "none", role: "img", "aria-label": "When units and buildings fell" });
  svg(box, "line", { class: "zero", x1: 0, x2: 400, y1: 50, y2: 50 });
  for (const [decision, seat, text] of game.events) {
    const line = svg(box, "line", { class: SIDES[seat], x1: x(decision), x2: x(decision), y1: seat ? 55 : 5, y2: seat ? 95 : 45 });
    svg(line, "title", {}).textContent = text;
  }
  cursorIn(box);
}

function setUp() {
  for (const [name, series] of Object.entries(game.gauges)) {
    const all = series.flat();
    curve(name[0].toUpperCase() + name.slice(1), series, Math.min(0, ...all), Math.max(...all, 1), (value) => Math.round(value));
  }
  if (game.values.some((series) => series.some((value) => value !== null)))
    curve("Expected result, for the first side", game.values, -1, 1, (value) => (value < 0 ? "" : "+") + value.toFixed(2));
  timeline();
  for (const [decision, seat, text] of game.events) {
    const button = node(node(at("events"), "li"), "button", undefined, SIDES[seat]);
    node(button, "b", decision);
    node(button, "i", text);
    button.addEventListener("click", () => step(decision));
  }
  const row = node(at("head"), "tr");
  for (const title of ["unit", ...game.stats, "does"]) node(row, "th", title, title === "does" ? "does" : "");
  for (const [k, unit] of game.units.entries()) {
    const line = node(at("units"), "tr", undefined, SIDES[k < units / 2 ? 0 : 1]);
    for (const text of [unit, ...game.stats.map(() => ""), ""]) node(line, "td", text);
    line.lastChild.className = "does";
  }
}

function fill() {
  if (!stats) return;
  const columns = game.stats.length;
  [...at("units").children].forEach((line, unit) => {
    for (let column = 0; column < columns; column++) {
      const place = ((unit * columns + column) * (last + 1) + now) * 2;
      line.children[column + 1].textContent = stats[place] + 256 * stats[place + 1];
    }
    line.classList.toggle("dead", game.health >= 0 && line.children[game.health + 1].textContent === "0");
    line.lastChild.textContent = now < game.decisions ? game.names[actions[now * units + unit]] : "";
  });
}

function show(decision) {
  now = Math.min(Math.max(decision, 0), last);
  paint(now);
  fill();
  at("slider").value = now;
  at("slider").setAttribute("aria-valuetext", "decision " + now + " of " + last);
  at("ply").textContent = now + " / " + last;
  for (const cursor of cursors) {
    cursor.setAttribute("x1", x(now));
    cursor.setAttribute("x2", x(now));
  }
  numbers.forEach((tell) => tell());
  game.score.forEach((series, seat) => (at("value" + seat).textContent = series[now] ? "felled " + series[now] : ""));
  [...at("events").children].forEach((line, k) => line.classList.toggle("past", game.events[k][0] <= now));
  const past = game.events.filter(([decision]) => decision <= now).length, line = at("events").children[past - 1];
  if (line) at("events").scrollTop = line.offsetTop - at("events").offsetTop - at("events").clientHeight + 2 * line.clientHeight;
  else at("events").scrollTop = 0;
}

function look(side) {
  fog = side;
  for (const button of at("fog").querySelectorAll("button")) button.setAttribute("aria-pressed", Number(button.value) === fog);
  paint(now);
}

canvas.addEventListener("click", toggle);
for (const button of at("fog").querySelectorAll("button")) button.addEventListener("click", () => look(Number(button.value)));
document.body.classList.toggle("film", !game.map);
paintSides(game.colours);
setUp();
const side = Number(location.hash.split(",")[1]); // #decision,side
if (game.map) look([0, 1].includes(side) ? side : 2);
show(asked(0));
Promise.all([unpacked(game.numbers), unpacked(game.actions)]).then((found) => {
  [stats, actions] = found;
  fill();
});
