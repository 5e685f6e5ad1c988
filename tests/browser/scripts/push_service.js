// Stands in for the browser's push service, which is somewhere in the internet: a subscription that the test has made.
// Everything else is the browser's own: permission, worker, registration, the push event and the notification.
(() => {
  const KEPT = "test-subscription";
  const made = { endpoint: "ENDPOINT", keys: { p256dh: "P256DH", auth: "AUTH" } };
  const asSubscription = (key) => ({
    ...made,
    options: { applicationServerKey: Uint8Array.from(atob(key.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0)).buffer },
    toJSON: () => made,
    unsubscribe: async () => { localStorage.removeItem(KEPT); return true; },
  });
  PushManager.prototype.subscribe = async function (options) {
    if (window.pushServiceAway) throw new DOMException("Registration failed - push service not available", "AbortError");
    localStorage.setItem(KEPT, options.applicationServerKey);
    return asSubscription(options.applicationServerKey);
  };
  PushManager.prototype.getSubscription = async () => {
    const key = localStorage.getItem(KEPT);
    return key === null ? null : asSubscription(key);
  };
})();
