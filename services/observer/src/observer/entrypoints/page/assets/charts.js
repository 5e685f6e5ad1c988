// Draws the page's charts with uPlot: each figure names where its numbers are; the table behind it says them in words.
(() => {
  "use strict";
  if (!window.uPlot) return;
  const drawn = new Map();
  const lang = document.documentElement.lang;
  const probe = document.body.appendChild(document.createElement("span"));
  probe.hidden = true;
  // A custom property holds light-dark(…) as text: the browser is asked what colour that is now.
  const resolved = (name) => { probe.style.color = `var(${name})`; return getComputedStyle(probe).color; };
  const PENS = ["--pen-1", "--pen-2", "--pen-3", "--pen-4", "--pen-5", "--pen-6"];
  const font = "12px system-ui, sans-serif";

  function written(value, unit) {
    if (value == null) return "–";
    const say = (number, digits) => number.toLocaleString(lang, { maximumFractionDigits: digits });
    if (unit === "s") return value < 1 ? `${say(value * 1000, value < 0.01 ? 1 : 0)} ms` : `${say(value, 1)} s`;
    return unit ? `${say(value, 2)}${unit.startsWith("/") ? "" : " "}${unit}` : say(value, 0);
  }

  const clock = (seconds) =>
    new Date(seconds * 1000).toLocaleTimeString(lang, { hour: "2-digit", minute: "2-digit", hour12: false });

  function options(figure, told) {
    const axis = {
      font, stroke: resolved("--faint"), grid: { stroke: resolved("--line"), width: 1 }, ticks: { show: false },
    };
    const counts = told.unit === "";
    return {
      width: figure.querySelector(".plot").clientWidth,
      height: 180,
      legend: { markers: { width: 3 } },
      cursor: { points: { size: 7 }, y: false },
      scales: {
        x: { range: () => [told.since, told.until] },
        y: { range: (_, low, high) => [Math.min(0, low ?? 0), high > 0 ? high * 1.1 : 1] },
      },
      axes: [
        { ...axis, size: 28, space: 70, incrs: [60, 300, 600, 900, 1800], values: (_, ticks) => ticks.map(clock) },
        { ...axis, size: 62, space: 34, incrs: counts ? [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 1e5, 1e6] : undefined,
          values: (_, ticks) => ticks.map((tick) => written(tick, told.unit)) },
      ],
      series: [
        { label: figure.dataset.time, value: (_, at) => (at == null ? "–" : clock(at)) },
        ...told.lines.map((line, place) => ({
          label: line.label, stroke: resolved(PENS[place % PENS.length]), width: 2, spanGaps: true,
          points: { show: told.at.length < 3 },
          value: (_, value) => written(value, told.unit),
        })),
      ],
      // Nobody points at the chart: the legend says the newest numbers.
      hooks: {
        setCursor: [(chart) => { if (chart.cursor.idx == null) newest(chart); }],
        setData: [newest],
        ready: [newest],
      },
    };
  }

  function newest(chart) {
    const last = chart.data[0].length - 1;
    if (last >= 0) chart.setLegend({ idx: last });
  }

  async function draw(figure) {
    const answer = await fetch(figure.dataset.series);
    if (!answer.ok) return;
    const told = await answer.json();
    const plot = figure.querySelector(".plot");
    const data = [told.at, ...told.lines.map((line) => line.values)];
    const labels = JSON.stringify(told.lines.map((line) => line.label));
    const known = drawn.get(figure);
    figure.dataset.drawn = String(told.at.length);
    figure.classList.toggle("empty", told.at.length === 0);
    if (told.quiet) figure.querySelector(".nothing").textContent = figure.querySelector(".nothing").dataset.quiet;
    if (known && known.labels === labels && told.at.length) {
      Object.assign(known.told, told);
      return void known.chart.setData(data);
    }
    known?.chart.destroy();
    drawn.delete(figure);
    if (!told.at.length) return;
    drawn.set(figure, { chart: new uPlot(options(figure, told), data, plot), labels, told });
  }

  function drawAll() {
    for (const [figure, { chart }] of drawn) if (!figure.isConnected) { chart.destroy(); drawn.delete(figure); }
    return Promise.all([...document.querySelectorAll("figure[data-series]")].map((figure) => draw(figure).catch(() => {})));
  }

  function again() {
    for (const { chart } of drawn.values()) chart.destroy();
    drawn.clear();
    drawAll();
  }

  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
  let resizing;
  let width = innerWidth;
  addEventListener("resize", () => {
    if (innerWidth === width) return; // A phone's bars come and go while one scrolls.
    width = innerWidth;
    clearTimeout(resizing);
    resizing = setTimeout(again, 150);
  });
  // Numbers are a minute each: asking with every round would ask for the same.
  let asked = Date.now();
  document.addEventListener("frontdesk:live", () => {
    if (Date.now() - asked < 10_000) return;
    asked = Date.now();
    drawAll();
  });
  drawAll();
})();
