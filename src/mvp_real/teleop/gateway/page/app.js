// The page: pairing, lease, buttons, picture and figures.

import { Headset, supportedModes } from "./headset.js";
import { Panel } from "./panel.js";
import { ControlSocket, ViewSocket } from "./sockets.js";

const $ = (id) => document.getElementById(id);
const OLD = 1.5; // s after which what the robot says is shown as old
const DRIVER = { running: "good", hold: "good", stopped: "bad", disabled: "warn" };
const SURE = 1000; // ms in which the robot answers a stop
let control, desk = {}, state = {}, linked = false, lag = 0, stateAt = 0, pictureAt = 0, pictures = 0;
const panel = new Panel();
const headset = new Headset(panel, (buffer) => control.frame(buffer), () => control.stop(), render);
window.operatorPage = { headset, panel, get desk() { return desk; }, get state() { return state; }, get control() { return control; } };

function chip(id, text, level) {
  $(id).textContent = text;
  $(id).dataset.level = level;
}

// Pairing.

async function pair(token) {
  const reply = await fetch("pair", { method: "POST", body: JSON.stringify({ token }) });
  if (!reply.ok) throw new Error(await reply.text());
}

$("pairing").addEventListener("submit", async (event) => {
  event.preventDefault();
  $("pairing-error").textContent = "";
  try {
    await pair($("token").value);
    await begin();
  } catch (error) {
    $("pairing-error").textContent = error.message;
    $("token").select();
  }
});

async function begin() {
  const known = await (await fetch("device")).json();
  $("pairing").hidden = Boolean(known.device);
  $("desk").hidden = $("stop").hidden = !known.device;
  if (!known.device) return chip("link", "not paired", "warn");
  $("device").textContent = known.device;
  $("next-token").textContent = known.token;
  control ??= new ControlSocket(heard, (on) => { linked = on; if (!on) lost(); render(); });
  window.operatorView ??= new ViewSocket(seen, show, (on) => { if (!on) state = {}; render(); });
  const modes = await supportedModes();
  $("enter-ar").hidden = !modes.includes("immersive-ar");
  $("enter-vr").hidden = !modes.includes("immersive-vr");
  $("headset-note").textContent = modes.length
    ? "Squeeze (or pinch with the other hand): move. Trigger or pinch: gripper. Push a thumbstick in: stop."
    : "This device has no headset; it shows the robot and can stop it.";
}

// A gateway that was started anew knows nobody any more.
async function lost() {
  desk = {};
  const known = await fetch("device").then((reply) => reply.json(), () => null);
  if (known && !known.device) {
    $("pairing").hidden = false;
    $("pairing-error").textContent = "The robot's computer was started anew: pair this device again.";
  }
}

// What comes from the robot.

function seen(message) {
  state = message;
  lag = control.lag(message.sent);
  stateAt = performance.now();
  render();
}

// Age of the newest news of the robot, s: what is under way counts, too.
function stateAge() { return stateAt ? (performance.now() - stateAt) / 1000 + lag : 0; }

function heard(message) {
  if (message.type === "desk") desk = message;
  if (message.type === "answer") {
    $("answer").textContent = `${message.action.replace("_", " ")}: ${message.done ? "done" : `refused, ${message.said || "no reason given"}`}`;
    if (message.action === "stop" && !message.done) alert(`STOP failed: ${message.said}`);
    fetch("device").then((reply) => reply.json()).then((known) => { $("next-token").textContent = known.token ?? "-"; });
  }
  render();
}

function show(picture) {
  const canvas = $("camera");
  if (canvas.width !== picture.width || canvas.height !== picture.height) Object.assign(canvas, { width: picture.width, height: picture.height });
  canvas.getContext("2d").drawImage(picture, 0, 0);
  panel.show(picture);
  picture.close();
  pictureAt = performance.now() - 1000 * lag; // on the same way as the state before it
  pictures += 1;
  window.operatorPage.pictures = pictures;
}

// What is shown.

function figure(list, name, value) {
  const dt = document.createElement("dt"), dd = document.createElement("dd");
  dt.textContent = name;
  dd.textContent = value;
  list.append(dt, dd);
}

function renderJoints(joints) {
  const box = $("joints");
  if (box.childElementCount !== joints.names.length) {
    box.replaceChildren(...joints.names.map((name) => {
      const row = document.createElement("div");
      row.className = "joint";
      row.innerHTML = `<span></span><div class="bar"><i></i></div><span></span>`;
      row.firstChild.textContent = name;
      return row;
    }));
  }
  joints.position.forEach((value, k) => {
    const row = box.children[k], gripper = joints.names[k] === "gripper";
    const share = gripper ? value : 0.5 + value / (2 * Math.PI);
    row.querySelector("i").style.left = `${100 * Math.min(1, Math.max(0, share))}%`;
    row.lastChild.textContent = gripper ? `${Math.round(100 * value)} %` : `${value.toFixed(2)} rad`;
  });
}

function summary() {
  const ages = state.ages ?? {}, driver = state.driver ?? {}, mapping = state.mapping ?? {};
  if (control?.stopWaits > SURE) return ["STOP NOT CONFIRMED: use the robot's own stop button", "bad"];
  const late = stateAge();
  const silent = !linked ? "no connection" : late > OLD ? `what is shown is ${late.toFixed(0)} s old`
    : ages.driver === undefined ? "no robot" : ages.joints > OLD ? "robot silent" : "";
  if (silent) return [silent, "bad"];
  if (desk.stopped) return [`STOPPED: ${desk.stopped}`, "bad"];
  if (driver.state === "stopped") return [`STOPPED: ${driver.reason}`, "bad"];
  if (driver.state === "disabled") return [`disabled: ${driver.reason || "enable it on the page"}`, "warn"];
  if (mapping.state === "moving") return [mapping.reason ? `moving, ${mapping.reason}` : "moving", mapping.reason ? "warn" : "good"];
  return [mapping.reason || "released", desk.holds ? "off" : "warn"];
}

function render() {
  const told = stateAge() > OLD ? {} : state;
  const ages = told.ages ?? {}, driver = told.driver ?? {}, mapping = told.mapping ?? {};
  chip("link", linked ? `connected, ${desk.round_trip ?? "-"} ms` : "no connection", linked ? "good" : "bad");
  chip("driver", `robot ${driver.homing ? "on its way home" : driver.state ?? "unknown"}`, DRIVER[driver.state] ?? "off");
  chip("mapping", mapping.state === "moving" ? `hand moves it (${mapping.owner})` : "hand released", mapping.state === "moving" ? "good" : "off");
  const [text, level] = summary();
  panel.say(text, level);
  $("alarm").hidden = level !== "bad";
  $("alarm").textContent = text;
  $("lease").textContent = desk.holds ? "You do." : desk.held ? (desk.asking ? "Somebody else; asked for it." : "Somebody else.") : `Nobody.${desk.ended ? ` Before: ${desk.ended}.` : ""}`;
  $("take").hidden = Boolean(desk.holds);
  $("take").textContent = desk.held ? "Ask for control" : "Take control";
  $("take").disabled = !linked || Boolean(desk.asking);
  $("give").hidden = !(desk.holds && desk.asked);
  $("leave").hidden = !(desk.holds || desk.asking);
  for (const button of document.querySelectorAll("[data-action]")) button.disabled = !desk.holds;
  document.querySelector("[data-action=reset]").hidden = !state.simulated;
  $("enter-ar").disabled = $("enter-vr").disabled = !desk.holds;
  $("stop").classList.toggle("latched", Boolean(desk.stopped));
  $("stop").textContent = desk.stopped ? `STOPPED by ${desk.stopped}. Clear fault, then enable.` : "STOP";
  const age = pictureAt ? (performance.now() - pictureAt) / 1000 : Infinity;
  $("camera-note").textContent = age === Infinity ? "no picture yet" : age > 1 ? `picture is ${age.toFixed(0)} s old` : "wrist camera, live";
  const list = $("figures");
  list.replaceChildren();
  if (driver.reason) figure(list, "robot says", driver.reason);
  if (mapping.reason) figure(list, "hand", mapping.reason);
  if (mapping.tool) figure(list, "tool x y z", mapping.tool.map((v) => `${v.toFixed(3)} m`).join("  "));
  if (mapping.behind > 0.01) figure(list, "behind the hand", `${(100 * mapping.behind).toFixed(0)} cm`);
  for (const [name, value] of Object.entries(ages)) if (value > OLD) figure(list, `${name} silent for`, `${value.toFixed(0)} s`);
  if (state.joints) renderJoints(state.joints);
}

// What the operator asks for.

$("take").onclick = () => control.say({ type: "take" });
$("give").onclick = () => control.say({ type: "give" });
$("leave").onclick = () => control.say({ type: "leave" });
$("stop").onpointerdown = () => control.stop();
$("stop").onclick = (event) => { if (event.detail === 0) control.stop(); }; // by the keyboard
for (const button of document.querySelectorAll("[data-action]")) {
  button.onclick = () => control.say({ type: "action", name: button.dataset.action });
}
for (const mode of ["ar", "vr"]) {
  $(`enter-${mode}`).onclick = async () => {
    try {
      await headset.enter(`immersive-${mode}`);
    } catch (error) {
      $("headset-note").textContent = `The headset refused: ${error.message}`;
    }
  };
}
setInterval(render, 500);

// A link with #TOKEN pairs at once; the token is taken out of the address, it is used up.
const token = decodeURIComponent(location.hash.slice(1));
if (token) history.replaceState(null, "", location.pathname);
(token ? pair(token).catch((error) => { $("pairing-error").textContent = error.message; }) : Promise.resolve()).then(begin);
