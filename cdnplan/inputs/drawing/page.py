"""Style of the map, and the page around it."""

STYLE = """
svg{--page:#fcfcfb;--map:#f3f4f2;--ink:#1d2021;--soft:#5c6166;--grid:#dfe1de;--ixp:#1f5fa8;
--embedded:#c8591a;--origin:#6d3f9c;--region:#3d7a5a;--link:#6a7278;--halo:#f3f4f2;font-family:system-ui,sans-serif}
@media (prefers-color-scheme:dark){svg{--page:#16181a;--map:#1e2124;--ink:#e9ebec;--soft:#a6adb3;
--grid:#2f3438;--ixp:#6fb0f5;--embedded:#f0965a;--origin:#c39bf0;--region:#7fc9a2;--link:#8b949b;--halo:#1e2124}}
.page{fill:var(--page)}.frame{fill:none;stroke:var(--grid);stroke-width:1}
.grid{stroke:var(--grid);stroke-width:1;fill:none;vector-effect:non-scaling-stroke}
.degree{fill:var(--soft);font-size:10px;opacity:.8}
.title{fill:var(--ink);font-size:22px;font-weight:600}.facts{fill:var(--soft);font-size:13px}
.name{fill:var(--ink);font-size:12px;paint-order:stroke;stroke:var(--halo);
stroke-width:3px;stroke-linejoin:round}
.ixp,.embedded{fill-opacity:.62;stroke:var(--map);stroke-width:.8;vector-effect:non-scaling-stroke}
.ixp{fill:var(--ixp)}.embedded{fill:var(--embedded)}
.origin{fill:var(--origin);stroke:var(--map);stroke-width:1}
.region{stroke:var(--region);stroke-width:1;fill:none;opacity:.75;vector-effect:non-scaling-stroke}
.link{stroke:var(--link);fill:none;opacity:.55;vector-effect:non-scaling-stroke}
.link.free{stroke-dasharray:4 3}
.scale{stroke:var(--soft);fill:none;stroke-width:1.2}
.ixp:hover,.embedded:hover{fill-opacity:1}.link:hover{opacity:1;stroke:var(--ink)}
"""

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>
html{background:#fcfcfb;color:#1d2021}
body{margin:0 auto;max-width:1400px;font-family:system-ui,sans-serif}
svg{display:block;width:100%;height:auto;touch-action:none;cursor:grab}
form{padding:8px 24px;display:flex;gap:10px;flex-wrap:wrap;align-items:center;font-size:14px}
input,button{font:inherit;padding:4px 8px;color:inherit;background:transparent;
border:1px solid #8b949b;border-radius:4px}
output{white-space:pre-line;padding:0 24px 16px;display:block;font-size:14px}
.found{stroke:var(--ink)!important;stroke-width:3!important;fill-opacity:1!important}
@media (prefers-color-scheme:dark){html{background:#16181a;color:#e9ebec}}
</style>
</head>
<body>
<form onsubmit="return false">
<label for="find">Find</label><input id="find" placeholder="a site, region or origin" size="28">
<button type="button" id="in">+</button><button type="button" id="out">−</button>
<button type="button" id="whole">whole map</button>
<span id="hits"></span>
</form>
{svg}
<output id="about"></output>
<script>
(function () {
  "use strict";
  var svg = document.querySelector("svg"), zoom = document.getElementById("zoom");
  var labels = document.getElementById("labels"), about = document.getElementById("about");
  var scale = 1, dx = 0, dy = 0, drag = null;
  var marks = Array.from(zoom.querySelectorAll("circle")).map(function (c) {
    return { node: c, r: +c.getAttribute("r"), x: +c.getAttribute("cx"), y: +c.getAttribute("cy") };
  });
  function show() {
    zoom.setAttribute("transform", "translate(" + dx + " " + dy + ") scale(" + scale + ")");
    labels.setAttribute("visibility", scale === 1 && dx === 0 && dy === 0 ? "visible" : "hidden");
    // Circles grow slower than the map, so that a crowd comes apart.
    marks.forEach(function (m) { m.node.setAttribute("r", m.r / Math.pow(scale, 0.75)); });
  }
  function point(event) {
    var p = svg.createSVGPoint();
    p.x = event.clientX; p.y = event.clientY;
    return p.matrixTransform(svg.getScreenCTM().inverse());
  }
  function around(x, y, by) {
    var next = Math.max(1, Math.min(200, scale * by));
    dx = x - (x - dx) * next / scale; dy = y - (y - dy) * next / scale; scale = next;
    if (scale === 1) { dx = 0; dy = 0; }
    show();
  }
  var box = svg.viewBox.baseVal;
  svg.addEventListener("wheel", function (event) {
    event.preventDefault();
    var p = point(event);
    around(p.x, p.y, event.deltaY < 0 ? 1.25 : 0.8);
  }, { passive: false });
  svg.addEventListener("pointerdown", function (event) {
    drag = point(event);
    svg.setPointerCapture(event.pointerId);
  });
  svg.addEventListener("pointermove", function (event) {
    if (!drag) { return; }
    var p = point(event);
    dx += p.x - drag.x; dy += p.y - drag.y; drag = p; show();
  });
  svg.addEventListener("pointerup", function () { drag = null; });
  svg.addEventListener("mouseover", function (event) {
    var title = event.target.querySelector && event.target.querySelector("title");
    if (title) { about.textContent = title.textContent; }
  });
  document.getElementById("in").onclick = function () { around(box.width / 2, box.height / 2, 1.6); };
  document.getElementById("out").onclick = function () { around(box.width / 2, box.height / 2, 1 / 1.6); };
  document.getElementById("whole").onclick = function () { scale = 1; dx = 0; dy = 0; show(); };
  document.getElementById("find").oninput = function (event) {
    var text = event.target.value.trim().toLowerCase(), found = [];
    zoom.querySelectorAll("circle,.origin,.region").forEach(function (node) {
      var title = node.querySelector("title").textContent;
      var hit = text !== "" && title.split("\\n")[0].toLowerCase().indexOf(text) >= 0;
      node.classList.toggle("found", hit);
      if (hit) { found.push(title); }
    });
    document.getElementById("hits").textContent = text === "" ? "" : found.length + " found";
    about.textContent = found.slice(0, 8).join("\\n\\n");
  };
}());
</script>
</body>
</html>
"""
