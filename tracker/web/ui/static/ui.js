"use strict";
(() => {
  const { root, zoneUnknown } = document.documentElement.dataset;

  function keep(name, value) {
    const secure = location.protocol === "https:" ? "; Secure" : "";
    const cookie = `${name}=${value}`;
    document.cookie = `${cookie}; Path=${root}; Max-Age=31536000; SameSite=Strict${secure}`;
    return document.cookie.split("; ").includes(cookie);
  }

  function preview(link) {
    const kind = { video: "video", audio: "audio", image: "img" }[link.dataset.preview];
    if (!kind) return false;
    const shown = document.createElement(kind);
    Object.assign(shown, { alt: link.textContent, controls: true, className: "preview" });
    shown.addEventListener("error", () => {
      link.textContent = link.dataset.failed;
      delete link.dataset.preview;
      shown.replaceWith(link);
    });
    shown.src = link.href;
    link.replaceWith(shown);
    return true;
  }
  document.addEventListener("click", (event) => {
    if (event.target.closest?.("[data-print]")) print();
    const link = event.target.closest?.("a[data-preview]");
    if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey && preview(link)) event.preventDefault();
  });

  // A click copies; where the browser refuses, the text is selected.
  document.addEventListener("click", ({ target }) => {
    if (!target.readOnly || target.selectionStart !== target.selectionEnd) return;
    target.select();
    navigator.clipboard?.writeText(target.value).catch(() => {});
  });

  const picked = document.getElementById("picked");
  if (picked) document.addEventListener("change", () => {
    const n = document.querySelectorAll("[name=ids]:checked").length;
    picked.textContent = n && picked.dataset.said.replace("0", n) || "";
  });

  document.addEventListener("input", ({ target }) => {
    const most = target.dataset?.count;
    if (most) target.nextElementSibling.textContent = `${target.value.length} / ${most}`;
  });

  // The service renders times: it is told the browser's zone.
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
  const isKept = keep("tracker-browser-zone", zone);
  if (zoneUnknown !== undefined && isKept && zone !== "UTC") location.reload();

  // Browsers open few connections to one host: four tabs stream, others look every ten seconds.
  const TABS = 4, EVERY_MS = 10000, MARK_MS = 5000, PAUSED = "tracker-paused";
  const live = document.getElementById("live");
  if (live) follow(live);

  // The title counts as the header does.
  const header = document.getElementById("attention") && document.querySelector("header.top");
  if (header) new MutationObserver(() => {
    const needs = document.getElementById("needs").textContent.trim();
    document.title = (needs && `(${needs}) `) + document.title.replace(/^\(\d+\+?\) /, "");
  }).observe(header, { subtree: true, childList: true, characterData: true });

  function follow(live) {
    const words = live.dataset, label = document.createElement("span");
    const button = document.createElement("button");
    let source, release, mode, tick, failed, turn = 0;
    button.type = "button";
    button.addEventListener("click", () => {
      if (isPaused()) localStorage.removeItem(PAUSED); else localStorage.setItem(PAUSED, "1");
      restart();
    });
    live.append(label, " ", button);
    for (const name of ["sse:error", "error", "response:error"]) live.addEventListener(`htmx:${name}`, sayLost);

    function isPaused() {
      try { return localStorage.getItem(PAUSED) === "1"; } catch { return false; }
    }

    function say(next, text) {
      if (mode === next) return;
      mode = next;
      live.dataset.mode = next;
      label.textContent = text;
    }

    function sayLost(event) {
      const told = event?.detail;
      if ((told?.ctx?.response ?? told)?.status === 401) location.reload(); // signed out
      failed = true;
      const time = new Date().toLocaleTimeString([], { timeZone: words.zone, timeStyle: "medium", hourCycle: "h23" });
      say("lost", `${words.lost} ${time}`);
    }

    function address(once) {
      const after = document.getElementById("after").dataset.after;
      return `${words.url}&after=${after}${once ? "&once=1" : ""}`;
    }

    function stop() {
      clearTimeout(tick);
      const connection = source?._htmx?.sse;
      source?.remove();
      connection?.abortController?.abort();
      connection?.delayCanceller?.();
      release?.();
      source = release = null;
    }

    function stream() {
      source = document.createElement("i");
      source.hidden = true;
      source.setAttribute("hx-sse:connect", address(false));
      source.setAttribute("hx-swap", "none");
      source.setAttribute("hx-config", '{"sse": {"pauseOnBackground": false, "reconnectMaxDelay": 5000}}');
      source.addEventListener("htmx:sse:after:connection", () => say("live", `\u25cf ${words.live}`));
      source.addEventListener("htmx:sse:before:connection", (event) => {
        if (event.detail.connection.attempt > 0) sayLost();
      });
      live.append(source);
      htmx.process(source);
      watch();
    }

    // The extension does not repeat a first connection.
    function watch() {
      tick = setTimeout(() => {
        if (source && !source._htmx?.sse) restart(); else watch();
      }, 2000 + Math.random() * 2000);
    }

    async function look(mine) {
      failed = false;
      await htmx.ajax("GET", address(true), { source: live, target: live, swap: "none" }).catch(sayLost);
      if (!failed) say("every", `\u25cb ${words.every}`);
      if (mine === turn) tick = setTimeout(restart, EVERY_MS + (Math.random() - 0.5) * 1000);
    }

    // Resolves to what gives the place back, or null.
    function place(number) {
      if (number === TABS) return Promise.resolve(null);
      return new Promise((resolve) => {
        navigator.locks.request(`tracker-live-${number}`, { ifAvailable: true }, (lock) => {
          if (!lock) return resolve(place(number + 1));
          return new Promise((done) => resolve(done));
        });
      });
    }

    // Over plain HTTP there are no locks.
    function marked(number) {
      if (number === TABS) return null;
      const name = `tracker-live-${number}`;
      if (Date.now() - (localStorage.getItem(name) || 0) < 3 * MARK_MS) return marked(number + 1);
      const mark = () => localStorage.setItem(name, Date.now());
      const beat = setInterval(mark, MARK_MS);
      mark();
      return () => { clearInterval(beat); localStorage.removeItem(name); };
    }

    async function take() {
      if (navigator.locks) return place(0);
      try { return marked(0); } catch { return null; }
    }

    async function restart() {
      const mine = ++turn;
      stop();
      button.textContent = isPaused() ? words.resume : words.pause;
      if (document.hidden) return;
      if (isPaused()) return say("paused", words.paused);
      const given = await take();
      if (mine !== turn) return given?.();
      release = given;
      if (given) stream(); else look(mine);
    }

    document.addEventListener("visibilitychange", restart);
    addEventListener("storage", ({ key }) => { if (key === PAUSED) restart(); });
    addEventListener("pagehide", stop);
    addEventListener("pageshow", (event) => { if (event.persisted) restart(); });
    // Behind htmx, which would connect once more.
    setTimeout(restart);
  }

  function closeMenus(but) {
    for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(but)) menu.open = false;
  }
  addEventListener("click", (event) => closeMenus(event.target));
  addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    document.activeElement?.closest("details.menu[open]")?.querySelector("summary").focus();
    closeMenus(null);
  });

  // Paper has no details to open.
  addEventListener("beforeprint", () => document.querySelectorAll("main details").forEach((one) => { one.open = true; }));

  // An anchor opens what it leads to, or asks for it.
  function arrive() {
    const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    if (target.dataset.load) return location.replace(target.dataset.load + location.hash);
    for (let one = target; one; one = one.parentElement) if (one.tagName === "DETAILS") one.open = true;
    target.scrollIntoView({ block: "center" });
  }
  addEventListener("hashchange", arrive);
  arrive();
})();

// A second press is no second order.
addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented) return;
  if (event.timeStamp - form.sentAt < 9000) event.preventDefault();
  else form.sentAt = event.timeStamp;
});

// Questions open as dialogs.
(() => {
  const { root, shortcuts } = document.documentElement.dataset;

  function open(content, opener) {
    const [dialog, heading] = ["dialog", "h2"].map((name) => document.createElement(name));
    const title = content.querySelector("h1, h2");
    heading.id = "dialog-title";
    heading.append(...(title?.childNodes ?? []));
    title?.replaceWith(heading);
    dialog.setAttribute("aria-labelledby", heading.id);
    dialog.append(content);
    document.body.append(dialog);
    dialog.addEventListener("close", () => {
      dialog.remove();
      // Later: who has gone on to a field stays there.
      if (opener?.isConnected && document.activeElement === document.body) opener.focus();
    });
    dialog.showModal();
  }

  async function show(address, part, opener) {
    try {
      const answer = await fetch(address);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const found = answer.ok && page.getElementById(part);
      if (!found) throw new Error();
      open(document.importNode(found, true), opener);
    } catch {
      location.assign(address);
    }
  }

  document.addEventListener("click", (event) => {
    if (event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    const link = event.target.closest("a[data-dialog], dialog [data-close]");
    if (!link) return;
    event.preventDefault();
    if (link.matches("[data-close]")) link.closest("dialog").close();
    else show(link.href, "question", link);
  });

  document.addEventListener("submit", (event) => {
    const { target: form, submitter: button } = event;
    if (form.dataset.dialog === undefined && button?.dataset.dialog === undefined) return;
    event.preventDefault();
    const address = new URL(button?.hasAttribute("formaction") ? button.formAction : form.action);
    for (const [name, value] of new FormData(form)) address.searchParams.append(name, value);
    show(address, "question", button);
  });

  // No key acts on anything.
  if (shortcuts === undefined) return;
  const pages = { a: "attention", t: "tasks", c: "callbacks", d: "deliveries", p: "providers" };
  let gone = 0;

  function step(by) {
    const rows = document.querySelectorAll("main tbody tr, main .entries li");
    const links = Array.from(rows, (row) => row.querySelector("a")).filter(Boolean);
    const here = links.findIndex((link) => rowOf(link)?.contains(document.activeElement));
    links[Math.max(0, Math.min(links.length - 1, here < 0 ? 0 : here + by))]?.focus();
  }

  const rowOf = (element) => element?.closest("tr, li");

  document.addEventListener("keydown", (event) => {
    const { key, target } = event;
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]")) return;
    const isSecond = event.timeStamp - gone < 1500;
    gone = 0;
    if (isSecond && pages[key]) location.assign(`${root}/${pages[key]}`);
    else if (key === "g") gone = event.timeStamp;
    else if (key === "/") document.getElementById("find")?.focus();
    else if (key === "j" || key === "k") step(key === "j" ? 1 : -1);
    else if (key === "x") rowOf(document.activeElement)?.querySelector("[type=checkbox]")?.click();
    else if (key === "?") show(`${root}/settings`, "keys", document.activeElement);
    else return;
    event.preventDefault();
  });
})();
