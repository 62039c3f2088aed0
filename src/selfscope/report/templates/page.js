(function () {
  "use strict";
  function button(label, parent, act) {
    var b = document.createElement("button");
    b.type = "button"; b.textContent = label;
    b.addEventListener("click", function () { act(b); });
    parent.appendChild(b);
    return b;
  }
  var bar = document.querySelector("[data-filter]");
  var rows = [].slice.call(document.querySelectorAll("tr[data-verdicts]"));
  if (bar && rows.length) {
    var seen = {};
    rows.forEach(function (r) { r.dataset.verdicts.split("|").forEach(function (v) { if (v) seen[v] = true; }); });
    var all = ["every verdict"].concat(bar.dataset.filter.split("|").filter(function (v) { return seen[v]; }));
    var buttons = all.map(function (verdict, i) {
      return button(verdict, bar, function (pressed) {
        buttons.forEach(function (b) { b.setAttribute("aria-pressed", String(b === pressed)); });
        rows.forEach(function (r) { r.hidden = i > 0 && r.dataset.verdicts.split("|").indexOf(verdict) < 0; });
      });
    });
    buttons[0].setAttribute("aria-pressed", "true");
    bar.hidden = all.length < 3;
  }
  var spread = document.querySelector("[data-expand]");
  if (spread) {
    var set = function (open) {
      document.querySelectorAll(".dimension details").forEach(function (d) { d.open = open; });
    };
    button("open all", spread, function () { set(true); });
    button("close all", spread, function () { set(false); });
    spread.hidden = false;
  }
  function reveal() {
    var target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    for (var node = target; node; node = node.parentElement) if (node.tagName === "DETAILS") node.open = true;
    target.scrollIntoView();
  }
  window.addEventListener("hashchange", reveal);
  reveal();
})();
