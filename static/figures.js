/* Figures: what the server wrote into a template element becomes a chart in the present theme.
   Loaded only where there are figures, after plotly; a theme switch and a swap draw again
   without asking the server. Needs no inline script, no inline style and no eval. */
(() => {
  "use strict";
  const root = document.documentElement;
  const themes = fetch(document.currentScript.dataset.template).then((answer) => answer.json());
  const $ = (id) => document.getElementById(id);

  /* A trace names its colour, or the colours of its bars, in meta. */
  function paint(trace, { layout, meta }) {
    const colour = (slot) => meta[slot] ?? layout.colorway[slot.slice(1) - 1];
    const colours = Array.isArray(trace.meta) ? trace.meta.map(colour) : colour(trace.meta);
    if (trace.type === "bar") trace.marker = { ...trace.marker, color: colours };
    else trace.line = { ...trace.line, color: colours };
    if (trace.fill && trace.fill !== "none") trace.fillcolor = meta.band;
    return trace;
  }

  /* A folded rail, a narrower window, a table that gives way: draw at the new width. */
  const sizes = new ResizeObserver((entries) => {
    for (const { target, contentRect } of entries) {
      if (target.dataset.drawn && contentRect.width) Plotly.Plots.resize(target);
    }
  });

  async function draw(part) {
    const plots = [...part.querySelectorAll("[data-figure]")];
    if (!plots.length) return;
    const templates = await themes;
    for (const plot of plots) {
      if (!plot.isConnected) continue;
      const theme = root.dataset.bsTheme;
      const template = templates[theme];
      const { data, layout } = JSON.parse($(plot.dataset.figure).content.textContent);
      const painted = data.map((trace) => paint(trace, template));
      await Plotly.react(plot, painted, { ...layout, template }, { displayModeBar: false });
      plot.dataset.drawn = theme;
      sizes.observe(plot);
    }
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-figure-table]");
    if (!button) return;
    const id = button.dataset.figureTable;
    const shown = $(`${id}-table`).hidden;
    $(`${id}-table`).hidden = !shown;
    $(`${id}-plot`).hidden = shown;
    button.setAttribute("aria-pressed", String(shown));
  });

  new MutationObserver(() => draw(document)).observe(root, { attributeFilter: ["data-bs-theme"] });
  document.addEventListener("htmx:afterSettle", (event) => draw(event.target));
  document.addEventListener("htmx:beforeCleanupElement", (event) => {
    if (event.target.dataset?.drawn) { sizes.unobserve(event.target); Plotly.purge(event.target); }
  });
  draw(document);
})();
