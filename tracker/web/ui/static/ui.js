"use strict";
// Pages work without this file: it makes them live, and quicker to use.
(() => {
  const { root, zoneUnknown } = document.documentElement.dataset;

  function keep(name, value) {
    const secure = location.protocol === "https:" ? "; Secure" : "";
    document.cookie = `${name}=${value}; Path=${root}; Max-Age=31536000; SameSite=Strict${secure}`;
    return document.cookie.split("; ").includes(`${name}=${value}`);
  }

  // The service renders times, and cannot know the browser's zone before it is told.
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
  const isKept = keep("tracker-browser-zone", zone);
  if (zoneUnknown !== undefined && isKept && zone !== "UTC") location.reload();
})();
