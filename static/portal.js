/* Theme, rail, menus, dialogs, copying, keys and the answers of htmx.
   Loaded in the head, before anything is painted; every handler is delegated, so that
   swapped-in markup works as it is. Needs no inline script and no eval. */
(() => {
  "use strict";
  const root = document.documentElement;
  const $ = (id) => document.getElementById(id);
  const keep = (name, value) => {
    const secure = location.protocol === "https:" ? "; secure" : "";
    document.cookie = `${name}=${value}; path=/; max-age=31536000; samesite=lax${secure}`;
  };
  const announce = (text) => { $("live").textContent = text; };

  /* Theme: the server draws what the cookie says; "auto" follows the system. */
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const paint = () => {
    const wanted = root.dataset.theme;
    root.dataset.bsTheme = wanted === "auto" ? (dark.matches ? "dark" : "light") : wanted;
  };
  const setTheme = (theme) => { root.dataset.theme = theme; keep("theme", theme); paint(); };
  paint();
  dark.addEventListener("change", paint);

  /* Rail: narrow on wide screens (kept in a cookie), a drawer on narrow ones. */
  const narrow = matchMedia("(max-width: 991.98px)");
  const showRail = () => {
    const open = narrow.matches ? $("rail")?.classList.contains("is-open") : root.dataset.rail !== "mini";
    document.querySelector("[data-rail-toggle]")?.setAttribute("aria-expanded", String(Boolean(open)));
  };
  const toggleRail = () => {
    if (narrow.matches) {
      if ($("rail").classList.toggle("is-open")) $("rail").querySelector("a").focus();
    } else {
      root.dataset.rail = root.dataset.rail === "mini" ? "" : "mini";
      keep("rail", root.dataset.rail);
    }
    showRail();
  };
  narrow.addEventListener("change", showRail);

  async function copy(button) {
    const source = $(button.dataset.copy);
    const label = button.querySelector("[data-copy-label]");
    try {
      await navigator.clipboard.writeText(source.value ?? source.textContent);
      button.classList.add("is-done");
      if (label) label.textContent = "Copied";
      announce("Copied");
    } catch {
      /* The browser allows no clipboard without HTTPS: mark the text for Ctrl+C instead. */
      getSelection().selectAllChildren(source);
      announce("Marked. Copy it with Ctrl and C.");
      return;
    }
    setTimeout(() => {
      button.classList.remove("is-done");
      if (label) label.textContent = "Copy";
    }, 2000);
  }

  function showTab(button) {
    for (const other of button.parentElement.children) {
      other.setAttribute("aria-pressed", String(other === button));
      $(other.dataset.tab).hidden = other !== button;
    }
  }

  const clicks = {
    "[data-theme-toggle]": () => setTheme(root.dataset.bsTheme === "dark" ? "light" : "dark"),
    "[data-theme-auto]": () => setTheme("auto"),
    "[data-rail-toggle]": toggleRail,
    "[data-dialog]": (button) => $(button.dataset.dialog).showModal(),
    "[data-close]": (button) => button.closest("dialog").close(),
    "[data-copy]": copy,
    "[data-tab]": showTab,
  };
  document.addEventListener("click", (event) => {
    for (const [selector, act] of Object.entries(clicks)) {
      const target = event.target.closest(selector);
      if (target) act(target);
    }
    for (const menu of document.querySelectorAll(".p-drop[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
    if (narrow.matches && !event.target.closest("#rail, [data-rail-toggle]")) {
      $("rail")?.classList.remove("is-open");
      showRail();
    }
  });

  /* Keys: "/" searches, Esc closes, and in a list marked data-list j and k walk from row to row
     (Enter opens, being on the row's link), x selects. */
  const rowsOf = (list) => [...list.querySelectorAll(":scope tbody > tr, :scope > li")].filter((row) => row.querySelector("a"));
  function walk(step) {
    const list = document.activeElement.closest("[data-list]") ?? document.querySelector("[data-list]");
    if (!list) return;
    const rows = rowsOf(list);
    const at = rows.findIndex((row) => row.contains(document.activeElement));
    const next = rows[Math.min(rows.length - 1, Math.max(0, at + step))];
    next?.querySelector("th a, a").focus();
  }
  const keys = {
    "/": () => $("q")?.focus(),
    j: () => walk(1),
    k: () => walk(-1),
    x: () => document.activeElement.closest("[data-list] :is(tr, li)")?.querySelector("[type=checkbox]")?.click(),
  };
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      const menu = document.querySelector(".p-drop[open]");
      if (menu) { menu.open = false; menu.querySelector("summary").focus(); }
      if ($("rail")?.classList.contains("is-open")) {
        $("rail").classList.remove("is-open");
        document.querySelector("[data-rail-toggle]").focus();
        showRail();
      }
      return;
    }
    const typing = event.target.closest("input:not([type=checkbox]), textarea, select, dialog[open], [contenteditable]");
    if (typing || event.ctrlKey || event.metaKey || event.altKey || !keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  });

  /* Forms: the typed name frees the button that destroys, a form is sent once, a draft says
     that it holds unsaved words until the server's answer says "saved". */
  let unsaved = false;
  document.addEventListener("input", (event) => {
    const typed = event.target.dataset.typed;
    if (typed) event.target.form.querySelector("[data-needs-typed]").disabled = event.target.value.trim() !== typed;
    const draft = event.target.closest("form[data-draft]");
    if (draft) {
      unsaved = true;
      const state = draft.querySelector("[data-draft-state]") ?? document.querySelector("[data-draft-state]");
      if (state) state.textContent = "Not saved yet";
    }
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-autosubmit]")) event.target.form.requestSubmit();
  });
  document.addEventListener("submit", (event) => {
    const form = event.target;
    const ajax = form.hasAttribute("hx-post") && !form.hasAttribute("hx-trigger");
    if (form.method !== "post" || ajax) return;
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "1";
    unsaved = false;
  });
  addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  });
  addEventListener("beforeunload", (event) => { if (unsaved) event.preventDefault(); });

  /* htmx: a refusal comes as a p-note and is read out; nothing else of it enters the page. */
  function alertWith(note) { $("alerts")?.replaceChildren(note); }
  function sentence(text) {
    const note = document.createElement("div");
    note.className = "p-note p-note-bad";
    note.append(Object.assign(document.createElement("p"), { textContent: text }));
    return note;
  }
  document.addEventListener("htmx:responseError", (event) => {
    const answer = event.detail.xhr;
    const note = new DOMParser().parseFromString(answer.responseText, "text/html").querySelector(".p-note");
    const id = answer.getResponseHeader("X-Request-ID");
    alertWith(note ?? sentence(`The portal could not do this.${id ? ` Request id ${id}.` : ""} Reload the page to see where it stands.`));
  });
  for (const lost of ["htmx:sendError", "htmx:timeout"]) {
    document.addEventListener(lost, () => alertWith(sentence("The portal does not answer. What you typed is still here; try again in a moment.")));
  }
  document.addEventListener("htmx:afterRequest", (event) => {
    if (!event.detail.successful) return;
    $("alerts")?.replaceChildren();
    if (event.target.closest("form[data-draft]")) unsaved = false;
  });

  /* What a person answers while the server draws their form again stays as they left it: the
     server's answer knows only what stood there when it was asked. */
  const ticked = "[type=checkbox], [type=radio]";
  const answers = (part) => new Map([...part.querySelectorAll("input, select, textarea")]
    .filter((field) => field.id && field.type !== "hidden")
    .map((field) => [field.id, field.matches(ticked) ? field.checked : field.value]));
  let sent = new Map(), since = new Map(), cursor = null;
  document.addEventListener("htmx:beforeRequest", (event) => {
    const form = event.target.closest("form");
    if (form?.dataset.sent) event.preventDefault();
    else if (form) sent = answers(form);
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    const field = document.activeElement;
    const typing = field.matches("textarea, input:not([type=checkbox], [type=radio])") ? field.id : "";
    const kept = ([id, value]) => id === typing || (sent.has(id) && sent.get(id) !== value);
    since = new Map([...answers(event.target)].filter(kept));
    cursor = since.has(typing) && field.selectionStart !== null ? [typing, field.selectionStart, field.selectionEnd] : null;
  });
  document.addEventListener("htmx:afterSwap", () => {
    for (const [id, value] of since) {
      const field = $(id);
      if (!field) continue;
      if (field.matches(ticked)) field.checked = value;
      else if (!field.options || [...field.options].some((option) => option.value === value)) field.value = value;
    }
    if (cursor) $(cursor[0])?.setSelectionRange(cursor[1], cursor[2]);
    since = new Map();
    cursor = null;
  });

  const focusMarked = (part) => part.querySelector("[data-focus]")?.focus();
  document.addEventListener("htmx:afterSettle", (event) => focusMarked(event.target));
  document.addEventListener("DOMContentLoaded", () => { showRail(); focusMarked(document); });
})();
