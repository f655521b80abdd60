// Clocks that tick, one click for one answer, and where the focus goes. Every page works without this.
"use strict";
(() => {
  const MINUTE = 60000, HOUR = 60 * MINUTE, DAY = 24 * HOUR;

  // The units' clock as of the page, and how long the page has stood since: in a demo the clock is a simulated one.
  let began = performance.now();

  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);

  const span = (words, milliseconds) => {
    const long = Math.abs(milliseconds);
    const whole = (of, unit) => Math.floor(of / unit);
    if (long < HOUR) return fill(words.minutes, { small: whole(long, MINUTE) });
    if (long < 2 * DAY) return fill(words.hours, { big: whole(long, HOUR), small: whole(long % HOUR, MINUTE) });
    return fill(words.days, { big: whole(long, DAY), small: whole(long % DAY, HOUR) });
  };

  const tick = () => {
    const words = document.getElementById("words");
    if (!words) return;
    const passed = performance.now() - began;
    for (const place of document.querySelectorAll("[data-left]")) {
      const left = Number(place.dataset.left) - passed;
      const text = fill(left < 0 ? words.dataset.over : words.dataset.left, { span: span(words.dataset, left) });
      if (place.textContent !== text) place.textContent = text;
      if (left < 0) {
        const clock = place.closest(".clock");
        clock.classList.remove("running", "warned");
        clock.classList.add("overdue");
      }
    }
  };

  const focusOn = (root) => {
    const place = root.querySelector("[data-focus]");
    if (place) place.focus({ preventScroll: false });
  };

  const say = (root) => {
    const place = root.querySelector("[data-say]");
    const region = document.getElementById("say");
    if (place && region && region.textContent !== place.textContent.trim()) region.textContent = place.textContent.trim();
  };

  // A second click while the first is on its way sends nothing; the server would take it as the same answer anyway.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("[data-once]")) return;
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "1";
  });
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("[data-sent]")) delete form.dataset.sent;
  });

  // Nothing is taken from under somebody's hands.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const target = event.detail.target, active = document.activeElement;
    if (target.id === "identity") return;
    const writing = active && target.contains(active) && active.matches("input, select, textarea");
    if (writing || (target.id === "main" && target.querySelector("details[open]"))) event.detail.shouldSwap = false;
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    began = performance.now();
    const target = event.detail.target;
    if (target.id === "main" || target.id === "identity") {
      say(target);
      focusOn(target);
    }
    tick();
  });

  document.addEventListener("DOMContentLoaded", () => {
    focusOn(document);
    say(document);
    tick();
    setInterval(tick, 5000);
    const onwards = document.querySelector("a[data-go]");
    if (onwards) onwards.click();
  });
})();
