// Steps through the match. Boards are put together from the shapes in <template id="shapes">; everything else comes from
// the JSON in #match and is put in place as text, never as markup.
const match = JSON.parse(document.getElementById("match").textContent);
const frames = match.frames, last = frames.length - 1;
const signed = (value) => (value < 0 ? "\u2212" : "+") + Math.abs(value).toFixed(2);
const shapes = at("shapes").content.querySelector("svg"), layers = [...shapes.children].slice(1); // the first is its title
let ply = 0;

const { step, seekable, x } = player({ last, now: () => ply, show, leap: 5, pause: 900 });
const y = (value) => 65 - value * 60;
function curve() {
  const draw = (tag, attributes) => svg(at("curve"), tag, attributes);
  if (match.opening) draw("rect", { class: "opening", x: 0, y: 0, width: x(match.opening), height: 130 });
  draw("line", { class: "zero", x1: 0, x2: 400, y1: 65, y2: 65 });
  SIDES.forEach((side, seat) => {
    const points = frames.map((f, p) => [p, f.value]).filter(([p, value]) => value !== null && frames[p].mover === seat);
    if (points.length) draw("path", { class: side, d: points.map(([p, value], i) => (i ? "L" : "M") + x(p) + " " + y(value)).join("") + "h0" });
  });
  draw("path", { class: "outcome", d: "M" + x(last) + " " + y(match.outcome) + "h0" });
  return draw("line", { class: "cursor", y1: 0, y2: 130 });
}

function board(frame) {
  const picture = shapes.cloneNode(false);
  picture.setAttribute("aria-label", "Board after ply " + ply);
  picture.append(...frame.board.map((number) => layers[number].cloneNode(true)));
  return picture;
}

function players() {
  SIDES.forEach((side, seat) => {
    const box = document.querySelector(".player." + side);
    let value = null;
    for (let p = 0; p <= ply; p++) if (frames[p].mover === seat && frames[p].value !== null) value = frames[p].value;
    if (value !== null && seat === 1) value = -value;
    box.classList.toggle("moving", frames[ply].mover === seat);
    box.querySelector(".value").textContent = value === null ? "" : signed(value);
    box.querySelector(".meter i").style.width = value === null ? "0" : (value + 1) * 50 + "%";
  });
}

function thoughts() {
  const frame = frames[ply], list = at("visits");
  list.className = frame.mover === null ? "" : SIDES[frame.mover];
  list.replaceChildren();
  at("pv").textContent = frame.pv ? "expects " + frame.pv : "";
  if (frame.mover === null) {
    at("thinking").textContent = match.result;
    return;
  }
  const title = at("thinking");
  title.textContent = ply < match.opening ? "Opening: " + frame.choice : match.names[frame.mover] + " plays " + frame.choice;
  if (frame.ms !== null) node(title, "span", " after " + (frame.ms < 1000 ? Math.round(frame.ms) + " ms" : (frame.ms / 1000).toFixed(1) + " s"));
  for (const [name, visits, share, chosen] of frame.visits) {
    const row = node(list, "li", undefined, chosen ? "chosen" : "");
    node(row, "b", name);
    node(node(row, "span"), "i").style.width = share * 100 + "%";
    const numbers = node(row, "em", Math.round(share * 100) + "% ");
    node(numbers, "small", visits ? visits.toLocaleString("en") : "");
  }
}

function show(p) {
  ply = Math.min(Math.max(p, 0), last);
  at("board").replaceChildren(board(frames[ply]));
  at("slider").value = ply;
  at("slider").setAttribute("aria-valuetext", "ply " + ply + " of " + last);
  at("ply").textContent = ply + " / " + last;
  cursor.setAttribute("x1", x(ply));
  cursor.setAttribute("x2", x(ply));
  for (const button of at("moves").children) button.removeAttribute("aria-current");
  if (ply) at("moves").children[ply - 1].setAttribute("aria-current", "true");
  players();
  thoughts();
}

paintSides(match.colours);
const cursor = curve();
frames.slice(0, last).forEach((frame, p) => {
  const button = node(at("moves"), "button", frame.choice, p < match.opening ? "book" : SIDES[frame.mover]);
  button.title = "Position after ply " + (p + 1);
  button.addEventListener("click", () => step(p + 1));
});
at("board").addEventListener("click", (event) => {
  const box = at("board").getBoundingClientRect();
  step(event.clientX < box.left + box.width / 3 ? ply - 1 : ply + 1);
});
seekable(at("curve"));
show(asked(match.opening));
