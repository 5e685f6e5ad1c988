// Push to this browser: what notification knows of it comes from the server as a part of the page, and what the browser
// knows (whether it can, whether it may, its subscription) is asked here.
(() => {
  "use strict";
  const place = document.getElementById("push-state");
  if (!place) return;
  document.querySelector("#push .without-script").hidden = true; // Older browsers do not know `@media (scripting)`.
  const trouble = document.getElementById("push-trouble");
  const able = "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;
  let busy = false;

  function keyOf(subscription) {
    const bytes = String.fromCharCode(...new Uint8Array(subscription.options.applicationServerKey));
    return btoa(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  }

  async function subscription() {
    const registration = await navigator.serviceWorker.getRegistration("/page/");
    return (await registration?.pushManager.getSubscription()) ?? null;
  }

  async function stateOf(form) {
    if (!able) return "unsupported";
    if (Notification.permission === "denied") return "blocked";
    if (form.dataset.push === "off" || Notification.permission !== "granted") return "off";
    const found = await subscription();
    return found && keyOf(found) === form.dataset.key ? "on" : "off";
  }

  async function show(form) {
    const state = (form.dataset.state = await stateOf(form));
    for (const part of form.querySelectorAll("[data-when]")) part.hidden = part.dataset.when !== state;
  }

  async function ask(path, fields) {
    const sent = fields && { method: "POST", body: new URLSearchParams(fields) };
    let answer;
    try {
      answer = await fetch(path, { headers: { "X-Live": "1" }, ...sent });
    } catch {
      return void say(trouble.dataset.lost);
    }
    if (answer.status === 401) return void location.reload();
    const focused = place.contains(document.activeElement);
    place.innerHTML = await answer.text();
    const form = place.querySelector("form");
    if (!form) return;
    form.addEventListener("submit", turn);
    await show(form);
    if (focused) form.querySelector("button:not([hidden])")?.focus();
    if (fields && answer.ok)
      document.getElementById("announce").textContent = form.querySelector("p:not([hidden])").textContent;
    return answer.ok;
  }

  function say(words) {
    trouble.hidden = !words;
    trouble.textContent = words;
  }

  async function switchOn(form) {
    const device = form.elements.device.value;
    if ((await Notification.requestPermission()) !== "granted") {
      await show(form);
      return void (form.dataset.state === "off" && say(trouble.dataset.unanswered));
    }
    await navigator.serviceWorker.register("/page/push-worker.js");
    const { pushManager } = await navigator.serviceWorker.ready;
    let mine = await pushManager.getSubscription();
    if (mine && keyOf(mine) !== form.dataset.key) {
      await mine.unsubscribe(); // It is for a key that notification has no more: nothing would come by it.
      mine = null;
    }
    mine ??= await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: form.dataset.key });
    const { endpoint, keys } = mine.toJSON();
    await ask("/page/push/on", { endpoint, p256dh: keys.p256dh, auth: keys.auth, device });
  }

  async function switchOff() {
    // First where the messages come from: should that not answer, the button still says what is.
    if (await ask("/page/push/off", {})) await (await subscription())?.unsubscribe();
  }

  async function turn(event) {
    event.preventDefault();
    if (busy) return;
    busy = true;
    say("");
    try {
      await (event.target.dataset.state === "on" ? switchOff() : switchOn(event.target));
    } catch (error) {
      say(`${trouble.dataset.failed} ${error.message}`);
    } finally {
      busy = false;
    }
  }

  ask("/page/push");
})();
