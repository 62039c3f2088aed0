"use strict";
// One conversation in branches. A branch is a list of turns; a turn is what the user said and one or two replies,
// one of them chosen: it is what the conversation goes on from. A fork shares its turns with where it came from.
const $ = (id) => document.getElementById(id);
const state = { token: "", models: [], branches: [], at: 0, running: [] };
const UNCAPPED = ":uncapped";

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== false && value !== null) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}
function draw(parent, tag, attributes, text) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (text !== undefined) element.textContent = text;
  parent.append(element);
  return element;
}
const seen = (value) => typeof value === "number" && Number.isFinite(value);
const number = (value) => (seen(value) ? value.toFixed(2).replace("-", "−") : "–");
const branch = () => state.branches[state.at];
const capped = (model) => state.capped && !model.endsWith(UNCAPPED);
const SIGNS = ["■", "●", "▲", "◆", "▼", "★"], COLOURS = ["#D55E00", "#0072B2", "#00795a", "#a8528b", "#8a6100", "#565e69"];
// Who speaks, by sign and colour: with the cap and without where one is served, else everybody by their place.
const voice = (model) => (state.cast ? state.models.findIndex((m) => m.id === model) % SIGNS.length : capped(model) ? 1 : 0);
const chosen = (turn) => turn.replies[turn.chosen];
const busy = () => state.running.length > 0;

// --- opening -------------------------------------------------------------------------------------------------
async function enter(token) {
  const answer = await fetch("v1/models", { headers: { authorization: `Bearer ${token}` } });
  const told = await answer.json();
  if (!answer.ok) throw new Error(told.error.message);
  Object.assign(state, { token, models: told.data, about: told.data[0].selfscope });
  state.cast = told.selfscope.several;
  state.capped = !state.cast && told.data.length > 1;
  sessionStorage.setItem("selfscope-token", token);
  $("entry").hidden = true;
  $("live").hidden = false;
  settle();
  fresh();
  $("say").focus();
}
function settle() {
  const { identity, cap, axis, monitor, max_tokens } = state.about;
  const first = state.models[0].id;
  $("about").replaceChildren(...(state.cast ? [`${state.models.length} on the same weights`]
    : [make("b", {}, first), ` · identity: ${identity}`, cap ? ` · cap ${cap.name}` : ""]));
  $("model").replaceChildren(...state.models.map((m) => make("option", { value: m.id }, m.id)));
  $("both").checked = state.capped;
  $("both").parentElement.hidden = !state.capped && !state.cast;
  if (state.cast) $("both").nextSibling.textContent = " everybody answers";
  $("tokens").max = max_tokens;
  $("tokens").value = Math.min(160, max_tokens);
  const says = [];
  if (!axis) says.push("No axis is read: the server was started without --axis or --monitor.");
  else if (!axis.interpretable)
    says.push(`The axis's halves agree by ${number(axis.reliability)}, under 0.70: projections are drawn, and nothing is said of them.`);
  if (axis && !monitor) says.push("Without a monitor nothing is expected of a message, and no alarm can stand.");
  if (monitor) says.push(...monitor.notes);
  if (monitor && state.cast) says.push("Expected values and bands are those of whom the monitor was made with, whoever speaks.");
  if (cap && cap.status !== "validated") says.push("The cap is not validated.");
  if (cap && monitor) says.push("Expected values and bands are those of the model without the cap.");
  $("notices").replaceChildren(...says.map((text) => make("p", {}, text)));
  legend();
  pick();
}
function pick() {
  $("which").hidden = state.models.length < 2 || $("both").checked;
}
function fresh() {
  state.branches = [{ name: "main", turns: [] }];
  state.at = 0;
  show();
}

// --- talking -------------------------------------------------------------------------------------------------
function spoken(turns) {
  return turns.flatMap((t) => [
    { role: "user", content: t.user },
    { role: "assistant", content: chosen(t).text },
  ]);
}
function say(text) {
  const both = (state.capped || state.cast) && $("both").checked;
  const models = both ? state.models.map((m) => m.id) : [$("model").value];
  const before = [...branch().turns];
  const turn = { user: text, replies: models.map((model) => ({ model, text: "", reading: {} })), chosen: 0 };
  branch().turns.push(turn);
  answer(turn, before, turn.replies);
  $("turns").lastElementChild.scrollIntoView({ block: "nearest" });
}
function answer(turn, before, replies) {
  const messages = [...spoken(before), { role: "user", content: turn.user }];
  const seed = $("seed").value === "" ? Math.floor(Math.random() * 2 ** 31) : Number($("seed").value);
  const given = { messages, seed, stream: true };
  for (const name of ["temperature", "top_p"]) given[name] = Number($(name).value);
  given.max_tokens = Number($("tokens").value);
  const stop = new AbortController();
  state.running.push(stop);
  show();
  Promise.all(replies.map((reply) => listen(reply, { ...given, model: reply.model }, stop.signal))).then(() => {
    state.running = state.running.filter((each) => each !== stop);
    show();
    tell(turn);
  });
}
async function listen(reply, given, signal) {
  Object.assign(reply, { text: "", reading: {}, wrong: "", going: true });
  try {
    const headers = { authorization: `Bearer ${state.token}`, "content-type": "application/json" };
    const answer = await fetch("v1/chat/completions", { method: "POST", headers, body: JSON.stringify(given), signal });
    if (!answer.ok) throw new Error((await answer.json()).error.message);
    for await (const told of events(answer.body)) take(reply, told);
    if (!reply.ended) throw new Error("The connection broke off.");
  } catch (error) {
    if (signal.aborted) reply.ended = "stopped here";
    else reply.wrong = error instanceof TypeError ? "The server cannot be reached." : error.message;
  }
  reply.going = false;
  change(reply);
}
async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  for (let rest = ""; ; ) {
    const { value, done } = await reader.read();
    if (done) return;
    const parts = (rest + value).split("\n\n");
    rest = parts.pop();
    for (const part of parts) if (part.startsWith("data: {")) yield JSON.parse(part.slice(6));
  }
}
function take(reply, told) {
  if (told.error) throw new Error(told.error.message);
  for (const choice of told.choices) {
    reply.text += choice.delta.content || "";
    if (choice.finish_reason) reply.ended = told.selfscope.ended;
  }
  Object.assign(reply.reading, told.selfscope || {});
  change(reply);
}
function tell(turn) {
  const { projection, alarm } = chosen(turn).reading;
  const where = branch().turns.indexOf(turn) + 1;
  $("status").textContent = seen(projection)
    ? `Turn ${where}: projection ${number(projection)}${alarm ? ", alarm" : ""}.`
    : `Turn ${where} is there.`;
}

// --- forks ---------------------------------------------------------------------------------------------------
function fork(count, last) {
  const turns = branch().turns.slice(0, count);
  if (last !== undefined) turns.push({ ...branch().turns[count], chosen: last });
  state.branches.push({ name: `fork ${state.branches.length} at turn ${turns.length}`, from: state.at, at: turns.length, turns });
  state.at = state.branches.length - 1;
  show();
  $("say").focus();
}
function prefer(turn, index) {
  const turns = branch().turns;
  if (turns.indexOf(turn) === turns.length - 1) {
    turn.chosen = index;
    show();
  } else fork(turns.indexOf(turn), index);
}

// --- showing -------------------------------------------------------------------------------------------------
const shown = new WeakMap();

function show() {
  $("branches").replaceChildren(
    ...state.branches.map((b, n) =>
      make("button", { type: "button", "aria-pressed": String(n === state.at), disabled: busy(), onclick: () => { state.at = n; show(); } }, b.name)));
  $("turns").replaceChildren(...branch().turns.map(turnElement));
  for (const id of ["fresh", "transcript", "messages", "go"]) $(id).disabled = busy();
  $("halt").hidden = !busy();
  picture();
}
function turnElement(turn, n) {
  const forks = n < branch().turns.length - 1 && !busy();
  return make("li", { class: "turn" },
    make("p", { class: "user" }, make("b", {}, `You, turn ${n + 1}`), turn.user),
    make("div", { class: "replies" }, ...turn.replies.map((reply, index) => replyElement(turn, reply, index))),
    forks ? make("button", { type: "button", class: "fork", onclick: () => fork(n + 1) }, `Fork after turn ${n + 1}`) : null);
}
function replyElement(turn, reply, index) {
  const mark = `${SIGNS[voice(reply.model)]} `;
  const text = make("p", { class: "text" }), told = make("p", { class: "told" });
  const wrong = reply.wrong ? make("p", { class: "wrong" }, reply.wrong) : null;
  shown.set(reply, { text, told });
  const where = branch().turns.indexOf(turn);
  const again = reply.wrong && !busy()
    ? make("button", { type: "button", onclick: () => answer(turn, branch().turns.slice(0, where), [reply]) }, "Try again") : null;
  const on = turn.replies.length > 1 && index !== turn.chosen && !busy() && !reply.wrong
    ? make("button", { type: "button", onclick: () => prefer(turn, index) }, "Go on from this reply") : null;
  const element = make("div", { class: index === turn.chosen ? "reply chosen" : "reply" },
    make("p", { class: "who" }, make("span", { class: `mark-${voice(reply.model)}` }, mark), reply.model,
      turn.replies.length > 1 && index === turn.chosen ? " · the conversation goes on from here" : ""),
    text, told, wrong, again, on);
  change(reply, true);
  return element;
}
function change(reply, quiet) {
  const { text, told } = shown.get(reply) || {};
  if (!text) return;
  text.textContent = reply.text;
  told.replaceChildren(...sayings(reply));
  if (!quiet) picture();
}
function sayings(reply) {
  const { projection, expected, band, alarm, axis } = reply.reading;
  if (!seen(projection)) return [reply.going ? "…" : (reply.reading.missing || {}).projection || ""];
  const parts = ["Projection ", make("b", {}, number(projection))];
  if (seen(expected)) parts.push(`, expected ${number(expected)}`);
  if (band) parts.push(` (${number(band[0])} to ${number(band[1])})`);
  if (alarm) parts.push(" · ", make("span", { class: "alarm" }, axis && !axis.interpretable ? "alarm, not interpreted" : "alarm"));
  const cut = { length: "cut: as many tokens as were asked for", "time limit": "cut: time limit", shutdown: "cut: the server stopped", "stopped here": "stopped" }[reply.ended];
  if (cut) parts.push(` · ${cut}`);
  return parts;
}

// --- the picture ---------------------------------------------------------------------------------------------
function picture() {
  const turns = branch().turns;
  $("figure").hidden = $("legend").hidden = !state.about.axis;
  table(turns);
  if (!state.about.axis) return;
  const W = 400, H = 250, L = 40, R = 14, T = 14, B = 30;
  const values = turns.flatMap((t) => t.replies.flatMap((r) => [r.reading.projection, r.reading.expected, ...(r.reading.band || [])])).filter(seen);
  const low = Math.min(-1, ...values) - 0.3, high = Math.max(1, ...values) + 0.3;
  const x = (n) => L + 12 + ((W - L - R - 24) * n) / Math.max(turns.length - 1, 5);
  const y = (v) => T + ((H - T - B) * (high - v)) / (high - low);
  const said = turns.map((t, n) => `turn ${n + 1} ${number(chosen(t).reading.projection)}`).join(", ");
  const svg = draw(document.createDocumentFragment(), "svg", { viewBox: `0 0 ${W} ${H}`, role: "img", "aria-label": `Projection by turn: ${said || "nothing yet"}` });
  const step = [0.5, 1, 2, 5, 10, 20, 50, 100].find((s) => (high - low) / s <= 7) || 500;
  for (let v = Math.ceil(low / step) * step; v <= high; v += step) {
    draw(svg, "line", { x1: L, x2: W - R, y1: y(v), y2: y(v), stroke: "#d7dae0" });
    draw(svg, "text", { x: L - 6, y: y(v) + 4, "text-anchor": "end" }, String(+v.toFixed(1)).replace("-", "−"));
  }
  const gap = Math.ceil(turns.length / 12);
  turns.forEach((t, n) => { if (n % gap === 0) draw(svg, "text", { x: x(n), y: H - 12, "text-anchor": "middle" }, n + 1); });
  const half = turns.length > 1 ? (x(1) - x(0)) / 2 : 12;
  turns.forEach((t, n) => band(svg, chosen(t).reading, x(n), y, Math.min(half, 14)));
  line(svg, turns.map((t, n) => [x(n), chosen(t).reading.expected]), y, { stroke: "#6b7280", "stroke-dasharray": "5 3" });
  line(svg, turns.map((t, n) => [x(n), chosen(t).reading.projection]), y, { stroke: "#1b1f24" });
  turns.forEach((t, n) => t.replies.forEach((reply) => point(svg, reply, n, x(n), y)));
  $("figure").replaceChildren(svg);
}
function band(svg, reading, x, y, half) {
  if (!reading.band) return;
  const [low, high] = reading.band;
  draw(svg, "rect", { x: x - half, width: 2 * half, y: y(high), height: y(low) - y(high), fill: "#e3e8ee" });
}
function line(svg, points, y, look) {
  const drawn = points.filter(([, v]) => seen(v)).map(([x, v]) => `${x.toFixed(1)},${y(v).toFixed(1)}`);
  draw(svg, "polyline", { points: drawn.join(" "), fill: "none", "stroke-width": 1.4, ...look });
}
function point(svg, reply, n, x, y) {
  const { projection, expected, alarm } = reply.reading;
  if (!seen(projection)) return;
  const at = y(projection), colour = COLOURS[voice(reply.model)];
  const fill = reply.going ? "#fff" : colour;
  const mark = voice(reply.model) % 2
    ? draw(svg, "circle", { cx: x, cy: at, r: 4, fill, stroke: colour, "stroke-width": 1.6 })
    : draw(svg, "rect", { x: x - 3.6, y: at - 3.6, width: 7.2, height: 7.2, fill, stroke: colour, "stroke-width": 1.6 });
  if (alarm) draw(svg, "circle", { cx: x, cy: at, r: 9, fill: "none", stroke: "#9a3a00", "stroke-width": 1.6, class: "ring" });
  draw(mark, "title", {}, `turn ${n + 1}, ${reply.model}: ${number(projection)}, expected ${number(expected)}${alarm ? ", alarm" : ""}`);
}
function parts({ identity, adapter, cap }) {
  const told = [identity === "none" ? "" : `identity ${identity}`, adapter ? `adapter ${adapter}` : "", cap ? `cap ${cap.name}` : ""];
  return told.filter(Boolean).join(", ") || "the bare model";
}
function legend() {
  const items = [];
  const sign = (n) => make("span", { class: `mark-${n}` }, SIGNS[n]);
  if (state.cast) state.models.forEach((m) => items.push([sign(voice(m.id)), ` ${m.id}: ${parts(m.selfscope)}`]));
  if (state.capped) items.push([sign(1), " with the cap"]);
  if (!state.cast) items.push([sign(0), state.capped ? " without it" : " reply"]);
  if (state.about.monitor) items.push([make("span", { class: "band" }), " no alarm between"], ["- - expected"], ["◯ alarm"]);
  items.push([state.about.axis ? `Up is nearer to the default assistant, in standard deviations of the map's roles, layer ${state.about.axis.layer}` : ""]);
  $("legend").replaceChildren(...items.map((parts) => make("li", {}, ...parts)));
}
function table(turns) {
  const head = ["Turn", "Model", "Projection", "Expected", "Band", "Alarm"];
  const rows = turns.flatMap((t, n) => t.replies.map(({ model, reading: r }) =>
    [n + 1, model, number(r.projection), number(r.expected), r.band ? `${number(r.band[0])} to ${number(r.band[1])}` : "–", r.alarm == null ? "–" : r.alarm ? "yes" : "no"]));
  $("table").replaceChildren(
    make("thead", {}, make("tr", {}, ...head.map((text) => make("th", { scope: "col" }, text)))),
    make("tbody", {}, ...rows.map((row) => make("tr", {}, ...row.map((text) => make("td", {}, String(text)))))));
}

// --- taking it away ------------------------------------------------------------------------------------------
function save(name, kind, text) {
  const url = URL.createObjectURL(new Blob([text], { type: kind }));
  make("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}
function transcript() {
  const turn = (t) => ({ user: t.user, chosen: t.chosen, replies: t.replies.map((r) => ({ model: r.model, text: r.text, error: r.wrong || null, selfscope: r.reading })) });
  const told = { format: "selfscope-live-1", saved: new Date().toISOString(), models: state.models, shown: state.at,
    branches: state.branches.map((b) => ({ name: b.name, from: b.from ?? null, at: b.at ?? null, turns: b.turns.map(turn) })) };
  save("selfscope-transcript.json", "application/json", JSON.stringify(told, null, 1));
}
function jsonl() {
  const lines = state.branches.filter((b) => b.turns.length).map((b) => JSON.stringify({ id: b.name, messages: spoken(b.turns) }) + "\n");
  save("selfscope-messages.jsonl", "application/jsonl", lines.join(""));
}

// --- the hands -----------------------------------------------------------------------------------------------
$("entry").addEventListener("submit", (event) => {
  event.preventDefault();
  enter($("token").value.trim()).catch((error) => { $("entry-says").textContent = error.message; });
});
$("speak").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = $("say").value.trim(), last = branch().turns.at(-1);
  if (!text || busy()) return;
  if (last && chosen(last).wrong) {
    $("status").textContent = "The last turn has no reply to go on from: try it again, or choose another.";
    return;
  }
  $("say").value = "";
  say(text);
});
$("say").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    $("speak").requestSubmit();
  }
});
$("both").addEventListener("change", pick);
$("halt").addEventListener("click", () => state.running.forEach((stop) => stop.abort()));
$("fresh").addEventListener("click", fresh);
$("transcript").addEventListener("click", transcript);
$("messages").addEventListener("click", jsonl);

const given = new URLSearchParams(location.hash.slice(1)).get("token");
if (given) window.history.replaceState(null, "", location.pathname);
const known = given || sessionStorage.getItem("selfscope-token");
const ask = () => { $("entry").hidden = false; $("token").focus(); };
if (known) enter(known).catch((error) => { sessionStorage.removeItem("selfscope-token"); $("entry-says").textContent = error.message; ask(); });
else ask();
