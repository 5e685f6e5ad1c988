// Draws the page's charts with uPlot: each figure names where its numbers are; the table under it says them in words.
(() => {
  "use strict";
  if (!window.uPlot) return;
  const drawn = new Map();
  const probe = document.body.appendChild(document.createElement("span"));
  probe.hidden = true;
  // A custom property holds light-dark(…) as text: the browser is asked what colour that is now.
  const resolved = (name) => { probe.style.color = `var(${name})`; return getComputedStyle(probe).color; };
  const PENS = ["--accent", "--link", "--warn", "--fail", "--pass", "--faint"];

  function written(value, unit) {
    if (value == null) return "–";
    const lang = document.documentElement.lang;
    const say = (number, digits) => number.toLocaleString(lang, { maximumFractionDigits: digits });
    if (unit === "s") return value < 1 ? `${say(value * 1000, 1)} ms` : `${say(value, 2)} s`;
    if (unit === "B") return `${say(value / 1048576, 1)} MiB`;
    if (unit === "%") return `${say(value * 100, 2)} %`;
    return `${say(value, 2)}${unit ? ` ${unit}` : ""}`;
  }

  function options(figure, answer) {
    const axis = { stroke: resolved("--faint"), grid: { stroke: resolved("--line"), width: 1 }, ticks: { stroke: resolved("--line") } };
    return {
      width: figure.clientWidth - 28,
      height: 190,
      scales: { y: { range: (_, low, high) => [Math.min(0, low), high > 0 ? high * 1.1 : 1] } },
      axes: [axis, { ...axis, size: 70, values: (_, ticks) => ticks.map((tick) => written(tick, answer.unit)) }],
      series: [
        {},
        ...answer.lines.map((line, place) => ({
          label: line.label, stroke: resolved(PENS[place % PENS.length]), width: 2, spanGaps: false,
          dash: place >= PENS.length ? [6, 4] : undefined,
          value: (_, value) => written(value, answer.unit),
        })),
      ],
    };
  }

  async function draw(figure) {
    const answer = await fetch(figure.dataset.series);
    if (!answer.ok) return;
    const told = await answer.json();
    const plot = figure.querySelector(".plot");
    const data = [told.at, ...told.lines.map((line) => line.values)];
    const known = drawn.get(figure);
    if (known && known.labels === JSON.stringify(told.lines.map((line) => line.label))) return void known.chart.setData(data);
    known?.chart.destroy();
    plot.replaceChildren();
    const chart = new uPlot(options(figure, told), data, plot);
    drawn.set(figure, { chart, labels: JSON.stringify(told.lines.map((line) => line.label)) });
    figure.dataset.drawn = String(told.at.length);
  }

  function drawAll() {
    for (const [figure, { chart }] of drawn) if (!figure.isConnected) { chart.destroy(); drawn.delete(figure); }
    return Promise.all([...document.querySelectorAll("figure[data-series]")].map((figure) => draw(figure).catch(() => {})));
  }

  function forget() {
    for (const { chart } of drawn.values()) chart.destroy();
    drawn.clear();
    drawAll();
  }

  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", forget);
  let resizing;
  addEventListener("resize", () => { clearTimeout(resizing); resizing = setTimeout(forget, 150); });
  document.addEventListener("frontdesk:live", drawAll);
  drawAll();
})();
