// What a screen reader or a keyboard would stumble over, as sentences.
() => {
  const faults = [];
  const shown = (element) => element.checkVisibility({ visibilityProperty: true });
  const name = (element) =>
    element.getAttribute("aria-label") ||
    [...(element.labels || [])].map((label) => label.textContent).join(" ").trim() ||
    [element.textContent, ...[...element.querySelectorAll("img")].map((image) => image.alt)].join(" ").trim();
  for (const element of document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary"))
    if (shown(element) && !name(element)) faults.push(`no name: ${element.outerHTML.slice(0, 90)}`);
  for (const image of document.images) if (!image.hasAttribute("alt")) faults.push(`no alt: ${image.src}`);
  const headings = [...document.querySelectorAll("h1, h2, h3, h4")].filter(shown).map((one) => Number(one.tagName[1]));
  if (headings.filter((level) => level === 1).length !== 1 || headings[0] !== 1) faults.push("not one h1 first");
  headings.forEach((level, place) => { if (place && level > headings[place - 1] + 1) faults.push(`h${headings[place - 1]} then h${level}`); });
  for (const landmark of ["header", "main"])
    if (document.querySelectorAll(`body > ${landmark}`).length !== 1) faults.push(`not one ${landmark}`);
  for (const nav of document.querySelectorAll("nav")) if (!nav.getAttribute("aria-label")) faults.push("a nav without a name");
  for (const table of document.querySelectorAll("table:not(.u-legend)")) {
    if (!table.querySelector("thead th[scope=col]")) faults.push(`a table without headers: ${table.outerHTML.slice(0, 60)}`);
    for (const header of table.querySelectorAll("th")) if (!header.scope) faults.push(`th without scope: ${header.textContent}`);
    for (const header of table.querySelectorAll("thead th")) if (!header.textContent.trim()) faults.push("an empty header");
  }
  for (const svg of document.querySelectorAll("svg"))
    if (svg.getAttribute("aria-hidden") !== "true" && !svg.getAttribute("aria-labelledby")) faults.push("an svg without a name");
  const ids = [...document.querySelectorAll("[id]")].map((one) => one.id);
  for (const id of new Set(ids.filter((one, place) => ids.indexOf(one) !== place))) faults.push(`id twice: ${id}`);
  for (const by of ["aria-labelledby", "aria-describedby"])
    for (const element of document.querySelectorAll(`[${by}]`))
      if (!document.getElementById(element.getAttribute(by))) faults.push(`${by} leads nowhere: ${element.getAttribute(by)}`);
  if (!document.title || !document.documentElement.lang) faults.push("no title or no language");
  return faults;
}
