"use strict";
// What all pages of matches share: buttons, slider and keys step through `last + 1` moments, and curves can be dragged.
const at = (id) => document.getElementById(id), SIDES = ["first", "second"];

// A new element at the end of another; text is put in place as text, never as markup.
function node(parent, tag, text, name) {
  const element = document.createElement(tag);
  if (text !== undefined) element.textContent = text;
  if (name) element.className = name;
  return parent.appendChild(element);
}

function svg(parent, tag, attributes) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return parent.appendChild(element);
}

// The moment that the address asks for, as in #12.
function asked(otherwise) {
  const [wanted] = location.hash.slice(1).split(",").map(Number);
  return location.hash && Number.isInteger(wanted) ? wanted : otherwise;
}

function paintSides(colours) {
  SIDES.forEach((side, seat) => document.documentElement.style.setProperty("--own-" + side, colours[seat]));
}

// A match of `last + 1` moments, and what its page needs: x is a moment's place on a curve 400 wide.
// now(): the moment shown; show(p): shows one; leap: moments that up and down go on the slider; pause: milliseconds between two in play
function player({ last, now, show, leap, pause, keys = {} }) {
  let timer = null;

  function play(on) {
    clearInterval(timer);
    timer = on ? setInterval(() => (now() < last ? show(now() + 1) : play(false)), pause) : null;
    document.body.classList.toggle("playing", on);
    at("play").setAttribute("aria-label", on ? "Stop" : "Play");
  }

  function toggle() {
    if (timer === null && now() === last) show(0);
    play(timer === null);
  }

  function step(p) {
    play(false);
    show(p);
  }

  function seekable(box) {
    const seek = (event) => {
      const edges = box.getBoundingClientRect();
      step(Math.round(((event.clientX - edges.left) / edges.width) * last));
    };
    box.addEventListener("pointerdown", (event) => {
      box.setPointerCapture(event.pointerId);
      seek(event);
    });
    box.addEventListener("pointermove", (event) => event.buttons && seek(event));
  }

  const KEYS = {
    ArrowLeft: () => step(now() - 1), ArrowRight: () => step(now() + 1),
    ArrowUp: () => step(now() - leap), ArrowDown: () => step(now() + leap),
    Home: () => step(0), End: () => step(last), " ": toggle, ...keys,
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !(event.key in KEYS)) return;
    if (event.key === " " && event.target.tagName === "BUTTON") return; // presses the focused button
    if (["ArrowUp", "ArrowDown"].includes(event.key) && event.target !== at("slider")) return; // scrolls the page
    event.preventDefault();
    KEYS[event.key]();
  });
  at("home").addEventListener("click", () => step(0));
  at("back").addEventListener("click", () => step(now() - 1));
  at("next").addEventListener("click", () => step(now() + 1));
  at("end").addEventListener("click", () => step(last));
  at("play").addEventListener("click", toggle);
  at("slider").addEventListener("input", (event) => step(Number(event.target.value)));
  return { step, toggle, seekable, x: (moment) => (last ? moment / last : 0) * 400 };
}

// The bytes that were deflated and written in base 64.
function unpacked(text) {
  const packed = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).arrayBuffer().then((buffer) => new Uint8Array(buffer));
}

// number => the bytes of that chunk, unpacked when it is needed; with a `size`, they are pictures of so many bytes, of
// which all but a chunk's first came xor the one before.
function chunks(texts, size = Infinity, kept = 6) {
  const known = new Map(); // those used last
  return (number) => {
    const found = known.get(number) || unpacked(texts[number]).then((bytes) => {
      for (let i = size; i < bytes.length; i++) bytes[i] ^= bytes[i - size];
      return bytes;
    });
    known.delete(number);
    known.set(number, found);
    if (known.size > kept) known.delete(known.keys().next().value);
    return found;
  };
}
