// Shows who answers: web tells its state by server-sent events, the api is asked once a second. Both go through the edge.

const SHOWN = 60;
const marks = document.getElementById("answers");
for (let n = 0; n < SHOWN; n++) marks.append(document.createElement("i"));

let asked = 0;
let lost = 0;

/** A version always has the same one of four colours. */
const colour = (version) => `of-${Number.parseInt(version, 10) % 4 || 0}`;

function duration(ms) {
  const s = Math.floor(ms / 1000);
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
}

function show(card, state) {
  card.className = `card ${colour(state.version)}`;
  card.querySelector(".version").textContent = `version ${state.version}`;
  const fields = { ...state, uptime: duration(state.uptime_ms), served: state.served.toLocaleString("en") };
  for (const field of card.querySelectorAll("[data-field]")) field.textContent = fields[field.dataset.field];
}

function mark(name) {
  marks.firstElementChild.remove();
  const one = document.createElement("i");
  one.className = name;
  marks.append(one);
}

async function ask() {
  const began = performance.now();
  asked += 1;
  try {
    const answer = await fetch("/api/state", { cache: "no-store", signal: AbortSignal.timeout(5000) });
    if (!answer.ok) throw new Error(answer.statusText);
    const state = await answer.json();
    show(document.getElementById("api"), state);
    mark(colour(state.version));
    document.getElementById("latency").textContent = `${Math.max(1, Math.round(performance.now() - began))} ms`;
  } catch {
    lost += 1;
    mark("lost");
  }
  document.getElementById("asked").textContent = asked.toLocaleString("en");
  document.getElementById("lost").textContent = lost.toLocaleString("en");
}

// The browser opens the stream again by itself when its server leaves.
new EventSource("/events").onmessage = (event) => show(document.getElementById("web"), JSON.parse(event.data));

ask();
setInterval(ask, 1000);
