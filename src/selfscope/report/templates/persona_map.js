(function () {
  "use strict";
  var told = document.querySelector("[data-told]");
  var marks = [].slice.call(document.querySelectorAll("g[data-group]"));
  marks.forEach(function (mark) {
    mark.addEventListener("mouseenter", function () {
      var title = mark.querySelector("title");
      if (told && title) told.textContent = title.textContent;
      marks.forEach(function (m) {
        m.classList.toggle("same", m.dataset.name === mark.dataset.name);
      });
    });
    mark.addEventListener("mouseleave", function () {
      marks.forEach(function (m) { m.classList.remove("same"); });
    });
  });
  var off = {};
  [].slice.call(document.querySelectorAll("[data-toggle]")).forEach(function (item) {
    var group = item.dataset.toggle;
    var button = document.createElement("button");
    button.type = "button";
    button.setAttribute("aria-pressed", "true");
    while (item.firstChild) button.appendChild(item.firstChild);
    item.appendChild(button);
    button.addEventListener("click", function () {
      off[group] = !off[group];
      button.setAttribute("aria-pressed", String(!off[group]));
      marks.forEach(function (m) {
        if (m.dataset.group === group) m.classList.toggle("faint", off[group]);
      });
    });
  });
  if (told) told.hidden = false;
})();
