// Shows what notification pushes while no page is open, and leads to the alerts. It keeps nothing and answers no request.
"use strict";
const ALERTS = "/page/alerts";

// The payload is notification's: title, body, tag, kind and, where it knows the Observer's address, url.
function read(data) {
  try {
    const { title, body, tag, url } = data.json();
    return { title: String(title), body: String(body ?? ""), tag: String(tag ?? ""), place: placeOf(url) };
  } catch {
    // A browser wants each push message to be shown, also one that is not understood.
    return { title: "Frontdesk", body: "", tag: "", place: ALERTS };
  }
}

// A place of this page alone: nobody is led elsewhere by a message.
function placeOf(url) {
  const there = new URL(url ?? ALERTS, location.href);
  return there.origin === location.origin && there.pathname !== "/" ? there.pathname + there.search : ALERTS;
}

async function lead(place) {
  const pages = await clients.matchAll({ type: "window", includeUncontrolled: true });
  // Another page that is open may hold a form that somebody fills in: it stays as it is.
  const there = pages.find((page) => new URL(page.url).pathname === new URL(place, location.href).pathname);
  return there ? there.focus() : clients.openWindow(place);
}

addEventListener("install", () => skipWaiting());
addEventListener("push", (event) => {
  const { title, body, tag, place } = read(event.data);
  // What is told anew of the same incident takes its place, and is heard again.
  event.waitUntil(registration.showNotification(title, { body, tag, renotify: tag !== "", data: { place } }));
});
addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(lead(event.notification.data.place));
});
