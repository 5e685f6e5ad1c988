// Keeps the page's live part up to date: each round of the Observer is told by a server-sent event, then the part is
// asked for anew and put in place. What somebody types, opens or has focused is left alone.
(() => {
  "use strict";
  const live = document.getElementById("live");
  const stream = document.getElementById("stream");
  const lang = document.documentElement.lang;
  const SILENCE = 45_000; // The server says something every 15 s: after three times nothing the stream is dead.

  function written(at, full) {
    const now = new Date();
    const clock = { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false };
    if (full) return at.toLocaleString(lang, { dateStyle: "medium", timeStyle: "long", hour12: false });
    if (at.toDateString() === now.toDateString()) return at.toLocaleTimeString(lang, clock);
    const day = { day: "numeric", month: "short", ...(at.getFullYear() === now.getFullYear() ? {} : { year: "numeric" }) };
    return at.toLocaleString(lang, { ...day, hour: "2-digit", minute: "2-digit", hour12: false });
  }

  // The server writes UTC; the reader sees the zone that the browser is set to.
  function localTimes(root) {
    for (const time of root.querySelectorAll("time[datetime]")) {
      const at = new Date(time.dateTime);
      if (Number.isNaN(at.valueOf())) continue;
      time.title = written(at, true);
      time.textContent = written(at, "full" in time.dataset);
    }
  }

  // Replaces what differs, element by element, so that focus, open details and drawn charts stay.
  function morph(old, fresh) {
    if (old.isEqualNode(fresh) || old.dataset?.keep !== undefined) return;
    if (old.nodeName !== fresh.nodeName) return void old.replaceWith(fresh);
    if (old.nodeType !== Node.ELEMENT_NODE) return void (old.nodeValue = fresh.nodeValue);
    const typing = old.matches("input, select, textarea") && old === document.activeElement;
    for (const { name } of [...old.attributes])
      if (!fresh.hasAttribute(name) && !(name === "open" && old.nodeName === "DETAILS")) old.removeAttribute(name);
    for (const { name, value } of fresh.attributes)
      if (!typing && old.getAttribute(name) !== value) old.setAttribute(name, value);
    children(old, fresh);
  }

  function children(old, fresh) {
    const known = new Map([...old.children].filter((child) => child.id).map((child) => [child.id, child]));
    const wanted = new Set([...fresh.children].map((child) => child.id));
    let place = old.firstChild;
    const skip = () => { const here = place; place = place.nextSibling; return here; };
    for (const node of [...fresh.childNodes]) {
      const same = node.id ? known.get(node.id) : undefined;
      // What is moved loses the focus: what stands in the way goes instead, unless it has a name that is wanted.
      while (place && place !== same && (place.id ? !wanted.has(place.id) : same)) skip().remove();
      if (same === place && same) morph(skip(), node);
      else if (same) { old.insertBefore(same, place); morph(same, node); }
      else if (place && !place.id && !node.id && place.nodeName === node.nodeName) morph(skip(), node);
      else old.insertBefore(node, place);
    }
    while (place) skip().remove();
  }

  let asking = false;
  let again = false;
  async function refresh() {
    if ("still" in live.dataset) return; // It answers a form, or looking at it is an act: it is not asked for anew.
    if (asking) return void (again = true);
    asking = true;
    try {
      const answer = await fetch(location.href, { headers: { "X-Live": "1" } });
      if (answer.status === 401) return void location.reload();
      if (answer.ok) {
        const fresh = document.createElement("template");
        fresh.innerHTML = `<div id="live">${await answer.text()}</div>`;
        localTimes(fresh.content);
        morph(live, fresh.content.firstElementChild);
        document.querySelector("#updated time").dateTime = new Date().toISOString();
        localTimes(document.getElementById("updated"));
        document.dispatchEvent(new CustomEvent("frontdesk:live"));
      }
    } catch {
      // The stream's own words tell that nothing answers; the next event tries again.
    } finally {
      asking = false;
      if (again) { again = false; refresh(); }
    }
  }

  document.querySelector("nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
  localTimes(document);
  const zone = document.getElementById("zone");
  if (zone) zone.textContent = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (!live || !stream || !("EventSource" in window)) return;

  // A browser opens six connections to a host at most: of several open pages one holds the stream and tells the others.
  const channel = "BroadcastChannel" in window ? new BroadcastChannel("frontdesk-live") : undefined;
  let state = "";
  let leads = false;

  function hear(name, told) {
    if (name === "state") {
      const back = told === "live" && state === "lost";
      state = document.body.dataset.stream = told;
      stream.textContent = told === "live" ? stream.dataset.live : stream.dataset.lost;
      if (back) refresh();
    } else if (name === "alert") {
      document.getElementById("announce").textContent = told[lang];
      refresh();
    } else if (name === "round" && !document.hidden) refresh();
  }

  function tell(name, told) {
    hear(name, told);
    channel?.postMessage({ name, told });
  }

  function follow() {
    leads = true;
    const events = new EventSource("/page/live");
    let watch;
    const heard = () => { clearTimeout(watch); watch = setTimeout(lost, SILENCE); };
    const lost = () => { tell("state", "lost"); events.close(); clearTimeout(watch); setTimeout(follow, 2000); refresh(); };
    events.addEventListener("open", () => { heard(); tell("state", "live"); });
    events.addEventListener("error", lost);
    events.addEventListener("beat", heard);
    for (const name of ["round", "alert"])
      events.addEventListener(name, (event) => { heard(); tell(name, JSON.parse(event.data)); });
    addEventListener("pagehide", () => { clearTimeout(watch); events.close(); }, { once: true });
  }

  if (channel && navigator.locks) {
    channel.addEventListener("message", ({ data }) => {
      if (data.name !== "who") hear(data.name, data.told);
      else if (leads) channel.postMessage({ name: "state", told: state });
    });
    channel.postMessage({ name: "who" });
    navigator.locks.request("frontdesk-live", () => { follow(); return new Promise(() => {}); });
  } else follow();
  document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
})();
