"use strict";
// Pages work without this file: it makes them live, and quicker to use.
(() => {
  const { root, zoneUnknown } = document.documentElement.dataset;

  function keep(name, value) {
    const secure = location.protocol === "https:" ? "; Secure" : "";
    document.cookie = `${name}=${value}; Path=${root}; Max-Age=31536000; SameSite=Strict${secure}`;
    return document.cookie.split("; ").includes(`${name}=${value}`);
  }

  // A preview comes in the place of its link; without script the link opens the file.
  function preview(link) {
    const kind = { video: "video", audio: "audio", image: "img" }[link.dataset.preview];
    if (!kind) return false;
    const shown = document.createElement(kind);
    if (kind === "img") shown.alt = link.textContent;
    else shown.controls = true;
    shown.className = "preview";
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
    const link = event.target.closest?.("a[data-preview]");
    if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey && preview(link)) event.preventDefault();
  });

  // The service renders times, and cannot know the browser's zone before it is told.
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
  const isKept = keep("tracker-browser-zone", zone);
  if (zoneUnknown !== undefined && isKept && zone !== "UTC") location.reload();
})();
