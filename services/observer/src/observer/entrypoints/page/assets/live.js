// Keeps the page's live part up to date: each round of the Observer is told by a server-sent event, then the part is
// asked for anew and put in place. What somebody types, opens or has focused is left alone.
(() => {
  "use strict";
  const live = document.getElementById("live");
  const stream = document.getElementById("stream");
  if (!live || !stream || !("EventSource" in window)) return;

  function localTimes(root) {
    for (const time of root.querySelectorAll("time[datetime]")) {
      const at = new Date(time.dateTime);
      if (!Number.isNaN(at.valueOf())) {
        time.title = time.dateTime;
        time.textContent = at.toLocaleString(document.documentElement.lang);
      }
    }
  }

  // Replaces what differs, element by element, so that focus, open details and drawn charts stay.
  function morph(old, fresh) {
    if (old.isEqualNode(fresh) || old.hasAttribute?.("data-keep")) return;
    const same = old.nodeType === fresh.nodeType && old.nodeName === fresh.nodeName && (old.id || "") === (fresh.id || "");
    if (!same) return void old.replaceWith(fresh);
    if (old.nodeType !== Node.ELEMENT_NODE) return void (old.nodeValue = fresh.nodeValue);
    const typing = old.matches("input, select, textarea") && old === document.activeElement;
    for (const { name } of [...old.attributes])
      if (!fresh.hasAttribute(name) && !(name === "open" && old.nodeName === "DETAILS")) old.removeAttribute(name);
    for (const { name, value } of fresh.attributes)
      if (!typing && old.getAttribute(name) !== value) old.setAttribute(name, value);
    const [before, after] = [[...old.childNodes], [...fresh.childNodes]];
    after.forEach((node, place) => (before[place] ? morph(before[place], node) : old.append(node)));
    before.slice(after.length).forEach((node) => node.remove());
  }

  let asking = false;
  let again = false;
  async function refresh() {
    if (asking) return void (again = true);
    asking = true;
    try {
      const answer = await fetch(location.href, { headers: { "X-Live": "1" } });
      if (answer.status === 401) return void location.reload();
      if (answer.ok) {
        const fresh = document.createElement("template");
        fresh.innerHTML = `<div id="live" data-live>${await answer.text()}</div>`;
        localTimes(fresh.content);
        morph(live, fresh.content.firstElementChild);
        const time = document.querySelector("#updated time");
        time.dateTime = new Date().toISOString();
        localTimes(time.parentElement);
        document.dispatchEvent(new CustomEvent("frontdesk:live"));
      }
    } catch {
      // The stream's own words tell that nothing answers; the next event tries again.
    } finally {
      asking = false;
      if (again) { again = false; refresh(); }
    }
  }

  localTimes(document);
  const events = new EventSource("/page/live");
  events.addEventListener("open", () => { stream.textContent = stream.dataset.liveText; document.body.dataset.stream = "live"; });
  events.addEventListener("error", () => { stream.textContent = stream.dataset.lost; document.body.dataset.stream = "lost"; });
  events.addEventListener("round", () => { if (!document.hidden) refresh(); });
  events.addEventListener("alert", (event) => {
    document.getElementById("announce").textContent = JSON.parse(event.data)[document.documentElement.lang];
    refresh();
  });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });
  addEventListener("pagehide", () => events.close());
})();
