"use strict";
// The page's script: tables to search and sort, CSV, theme, map. It fetches nothing.
(async function () {
  const root = document.documentElement;
  root.classList.add("scripted");

  // Theme: the system's, unless the reader chooses.
  const themes = ["system", "light", "dark"];
  const kept = (() => { try { return localStorage.getItem("cdnplan-theme"); } catch { return null; } })();
  const theme = document.getElementById("theme");
  const setTheme = (name) => {
    if (name === "system") delete root.dataset.theme;
    else root.dataset.theme = name;
    theme.textContent = "Theme: " + name;
    try { localStorage.setItem("cdnplan-theme", name); } catch { /* a file may have no storage */ }
  };
  setTheme(themes.includes(kept) ? kept : "system");
  theme.addEventListener("click", () => {
    setTheme(themes[(themes.indexOf(root.dataset.theme || "system") + 1) % themes.length]);
  });
  document.getElementById("print").addEventListener("click", () => window.print());

  // The tables are packed by gzip.
  if (typeof DecompressionStream === "undefined") {
    const note = document.createElement("p");
    note.textContent = "This browser is too old for the tables; browsers of 2023 and later show them.";
    document.getElementById("tables").append(note);
    return;
  }
  const bytes = Uint8Array.from(atob(document.getElementById("data").textContent), (sign) => sign.charCodeAt(0));
  const unpacked = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  const data = await new Response(unpacked).json();
  const sheets = new Map(data.sheets.map((sheet) => [sheet.name, sheet]));
  const label = (name) => data.labels[name] || name.replace(/_ratio$/, "").replaceAll("_", " ");
  const make = (tag, css, words) => {
    const element = document.createElement(tag);
    if (css) element.className = css;
    if (words !== undefined) element.textContent = words;
    return element;
  };

  // A column knows its values in full, and how they are shown.
  const isNumber = (column) => column.d !== undefined;
  const isRatio = (column) => isNumber(column) && column.name.endsWith("_ratio");
  const value = (column, row) => {
    const found = column.v[row];
    if (found === null) return null;
    if (isNumber(column)) return found / 10 ** column.d;
    return column.t ? column.t[found] : found;
  };
  const formats = new Map();
  const format = (digits) => {
    if (!formats.has(digits)) {
      formats.set(digits, new Intl.NumberFormat("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits }));
    }
    return formats.get(digits);
  };
  const shown = (column, row) => {
    const found = value(column, row);
    if (found === null) return "–";
    if (!isNumber(column)) return String(found);
    if (isRatio(column)) return format(Math.max(0, column.d - 2)).format(found * 100);
    return format(column.d).format(found);
  };

  // CSV: names of columns as in the plan's tables, numbers plain, texts quoted where they must be.
  const quoted = (text) => (/[",\r\n]/.test(text) ? '"' + text.replaceAll('"', '""') + '"' : text);
  const csv = (sheet, rows) => {
    const lines = [sheet.columns.map((column) => quoted(column.name)).join(",")];
    for (const row of rows) {
      lines.push(sheet.columns.map((column) => {
        const found = value(column, row);
        if (found === null) return "";
        return isNumber(column) ? found.toFixed(column.d) : quoted(String(found));
      }).join(","));
    }
    return lines.join("\n") + "\n";
  };
  const all = (sheet) => Array.from({ length: sheet.rows }, (_, row) => row);
  const download = (sheet, rows) => {
    const link = make("a");
    link.href = URL.createObjectURL(new Blob([csv(sheet, rows)], { type: "text/csv" }));
    link.download = sheet.name + ".csv";
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  };
  for (const button of document.querySelectorAll("[data-csv]")) {
    const sheet = sheets.get(button.dataset.csv);
    button.addEventListener("click", () => download(sheet, all(sheet)));
  }

  // Tables. Only the rows of one page are in the document.
  const grids = new Map();
  const sizes = [10, 25, 100, 1000];
  class Grid {
    constructor(section) {
      this.section = section;
      this.sheet = sheets.get(section.dataset.sheet);
      this.rows = all(this.sheet);
      this.size = 10;
      this.page = 0;
      this.sorted = null;
      this.located = this.sheet.columns.some((column) => column.name === "lat");
      this.columns = this.sheet.columns.filter((column) => column.name !== "lat" && column.name !== "lon");
      this.texts = this.columns.filter((column) => !isNumber(column));
      this.build();
      this.show();
    }
    build() {
      const heading = this.section.querySelector("h3").textContent;
      const top = make("div", "bar-top");
      const field = make("label", "", "Search");
      this.input = make("input");
      this.input.type = "search";
      const countries = this.sheet.columns.some((column) => column.name === "country");
      this.input.placeholder = countries ? "words, or country:DE" : "words";
      this.input.setAttribute("aria-label", "Search " + heading.toLowerCase());
      field.append(this.input);
      this.count = make("span", "count");
      this.count.setAttribute("role", "status");
      const save = make("button", "", "Download CSV");
      save.type = "button";
      save.setAttribute("aria-label", "Download " + heading.toLowerCase() + " as CSV");
      save.addEventListener("click", () => download(this.sheet, this.rows));
      top.append(field, save, this.count);
      const scroll = make("div", "scroll");
      scroll.tabIndex = 0;
      scroll.setAttribute("role", "region");
      scroll.setAttribute("aria-label", heading + ", rows");
      const table = make("table");
      const caption = make("caption", "", "");
      this.caption = caption;
      const head = make("thead");
      const line = make("tr");
      this.heads = this.columns.map((column) => {
        const cell = make("th", isNumber(column) ? "n" : "");
        cell.scope = "col";
        const button = make("button", "", label(column.name));
        button.type = "button";
        button.addEventListener("click", () => this.sort(column));
        cell.append(button);
        line.append(cell);
        return cell;
      });
      head.append(line);
      this.body = make("tbody");
      table.append(caption, head, this.body);
      scroll.append(table);
      const pager = make("div", "pager");
      const step = (words, move) => {
        const button = make("button", "", words);
        button.type = "button";
        button.setAttribute("aria-label", words + " page of " + heading.toLowerCase());
        button.addEventListener("click", () => { this.page = move(this.page); this.show(); });
        pager.append(button);
        return button;
      };
      this.back = step("Previous", (page) => page - 1);
      this.where = make("span", "count");
      pager.append(this.where);
      this.next = step("Next", (page) => page + 1);
      const choose = make("select");
      choose.setAttribute("aria-label", "Rows of " + heading.toLowerCase() + " on a page");
      for (const size of sizes) choose.append(new Option(size + " rows", size));
      choose.addEventListener("change", () => { this.size = Number(choose.value); this.page = 0; this.show(); });
      pager.append(choose);
      this.section.append(top, scroll, pager);
      let waiting = 0;
      this.input.addEventListener("input", () => {
        clearTimeout(waiting);
        waiting = setTimeout(() => this.search(this.input.value), 120);
      });
    }
    search(words) {
      if (this.input.value !== words) this.input.value = words;
      this.query = words;
      this.filter();
    }
    filter() {
      const tests = (this.query || "").toLowerCase().split(/\s+/).filter(Boolean).map((word) => {
        const [name, rest] = [word.slice(0, word.indexOf(":")), word.slice(word.indexOf(":") + 1)];
        const exact = word.includes(":") && this.texts.find((column) => column.name === name);
        if (exact) return (row) => String(value(exact, row)).toLowerCase() === rest;
        return (row) => this.texts.some((column) => String(value(column, row) ?? "").toLowerCase().includes(word));
      });
      this.rows = all(this.sheet).filter((row) => tests.every((test) => test(row)));
      this.order();
      this.page = 0;
      this.show();
    }
    sort(column) {
      const first = isNumber(column) ? "descending" : "ascending";
      const other = isNumber(column) ? "ascending" : "descending";
      if (!this.sorted || this.sorted.column !== column) this.sorted = { column, way: first };
      else if (this.sorted.way === first) this.sorted.way = other;
      else this.sorted = null;
      this.columns.forEach((each, i) => {
        if (this.sorted && this.sorted.column === each) this.heads[i].setAttribute("aria-sort", this.sorted.way);
        else this.heads[i].removeAttribute("aria-sort");
      });
      this.filter();
    }
    order() {
      if (!this.sorted) return;
      const { column, way } = this.sorted;
      const sign = way === "ascending" ? 1 : -1;
      const keys = new Map(this.rows.map((row) => [row, value(column, row)]));
      const compare = isNumber(column) ? (a, b) => a - b : new Intl.Collator("en").compare;
      // What has no value comes last, whichever way.
      this.rows.sort((a, b) => {
        const [x, y] = [keys.get(a), keys.get(b)];
        if (x === null || y === null) return (x === null) - (y === null) || a - b;
        return sign * compare(x, y) || a - b;
      });
    }
    show() {
      const pages = Math.max(1, Math.ceil(this.rows.length / this.size));
      this.page = Math.min(Math.max(0, this.page), pages - 1);
      const part = this.rows.slice(this.page * this.size, (this.page + 1) * this.size);
      this.body.replaceChildren(...part.map((row) => this.line(row)));
      const count = this.rows.length.toLocaleString("en-US");
      const whole = this.sheet.rows.toLocaleString("en-US");
      this.count.textContent = this.rows.length === this.sheet.rows ? whole + " rows" : count + " of " + whole + " rows";
      this.where.textContent = "page " + (this.page + 1).toLocaleString("en-US") + " of " + pages.toLocaleString("en-US");
      this.back.disabled = this.page === 0;
      this.next.disabled = this.page === pages - 1;
    }
    line(row) {
      const line = make("tr");
      this.columns.forEach((column, i) => {
        const cell = make(i ? "td" : "th", isNumber(column) ? "n" : "");
        if (!i) cell.scope = "row";
        if (!i && this.located && map) {
          const button = make("button", "locate", shown(column, row));
          button.type = "button";
          button.title = "Show on the map";
          button.addEventListener("click", () => map.locate(this.sheet, row));
          cell.append(button);
        } else {
          cell.textContent = shown(column, row);
        }
        line.append(cell);
      });
      return line;
    }
  }

  // The map: layers, zoom, the place next to the pointer.
  const mapOf = (frame) => {
    const svg = frame.querySelector("svg");
    const tip = frame.querySelector(".tip");
    const mark = svg.querySelector("#map-mark");
    const west = Number(frame.dataset.west), north = Number(frame.dataset.north);
    const scale = Number(frame.dataset.scale), radians = Math.PI / 180;
    const whole = svg.viewBox.baseVal;
    const size = { width: whole.width, height: whole.height };
    let view = { x: 0, y: 0, width: size.width, height: size.height };
    const words = Array.from(svg.querySelectorAll("text"), (element) => element);
    const place = (lat, lon) => [
      ((((lon - west) % 360) + 360) % 360) * radians * scale,
      (north - Math.asinh(Math.tan(Math.max(-80, Math.min(80, lat)) * radians))) * scale,
    ];
    const chosen = () => document.querySelector('input[name="layer"]:checked');
    const column = (sheet, name) => sheet.columns.find((each) => each.name === name);
    const points = (sheet) => {
      if (!sheet.points) {
        const [lat, lon] = [column(sheet, "lat"), column(sheet, "lon")];
        sheet.points = all(sheet).map((row) => place(value(lat, row), value(lon, row)));
      }
      return sheet.points;
    };
    const look = (x, y, width) => {
      const wide = Math.min(size.width, Math.max(size.width / 64, width));
      const high = (wide * size.height) / size.width;
      view = {
        x: Math.min(size.width - wide, Math.max(0, x - wide / 2)),
        y: Math.min(size.height - high, Math.max(0, y - high / 2)),
        width: wide,
        height: high,
      };
      svg.setAttribute("viewBox", [view.x, view.y, view.width, view.height].join(" "));
      const zoom = wide / size.width;
      for (const element of words) {
        element.style.fontSize = "";
        if (zoom < 1) {
          element.style.fontSize = parseFloat(getComputedStyle(element).fontSize) * zoom + "px";
          element.style.strokeWidth = 3 * zoom + "px";
        } else element.style.strokeWidth = "";
      }
      mark.setAttribute("r", 9 * zoom);
      tip.hidden = true;
    };
    const middle = () => [view.x + view.width / 2, view.y + view.height / 2];
    const zoom = (factor) => look(...middle(), view.width * factor);
    const everything = () => look(size.width / 2, size.height / 2, size.width);
    const at = (event) => {
      const box = svg.getBoundingClientRect();
      return [
        view.x + ((event.clientX - box.left) / box.width) * view.width,
        view.y + ((event.clientY - box.top) / box.height) * view.height,
        view.width / box.width,
      ];
    };
    const nearest = (event) => {
      const [x, y, unit] = at(event);
      const sheet = sheets.get(chosen().dataset.sheet);
      let best = -1, least = (14 * unit) ** 2;
      points(sheet).forEach(([a, b], row) => {
        const distance = (a - x) ** 2 + (b - y) ** 2;
        if (distance < least) { least = distance; best = row; }
      });
      return best < 0 ? null : { sheet, row: best };
    };
    const tell = (found, event) => {
      tip.hidden = !found;
      if (!found) return;
      const { sheet, row } = found;
      const names = [sheet.columns[0].name, "country", chosen().dataset.column,
        ...["served_gb", "demand_gb"].filter((name) => column(sheet, name))];
      tip.replaceChildren(...names.map((name, i) => make("div", "", i
        ? label(name) + ": " + shown(column(sheet, name), row)
        : shown(column(sheet, name), row))));
      const box = frame.getBoundingClientRect();
      const left = event.clientX - box.left, top = event.clientY - box.top;
      tip.style.left = Math.max(4, Math.min(left + 14, box.width - tip.offsetWidth - 6)) + "px";
      tip.style.top = (top + 18 + tip.offsetHeight > box.height ? Math.max(4, top - tip.offsetHeight - 12) : top + 18) + "px";
    };
    svg.addEventListener("pointermove", (event) => tell(nearest(event), event));
    svg.addEventListener("pointerleave", () => { tip.hidden = true; });
    svg.addEventListener("click", (event) => {
      const found = nearest(event);
      if (!found) return;
      tell(found, event);
      const grid = grids.get(found.sheet.name);
      const name = found.sheet.columns[0];
      if (grid) grid.search(String(value(name, found.row)));
      const pools = grids.get("pools");
      if (pools && found.sheet.name === "sites") pools.search("site:" + value(name, found.row));
    });
    frame.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
      if (step && view.width < size.width) {
        const [x, y] = middle();
        look(x + step[0] * view.width * 0.2, y + step[1] * view.height * 0.2, view.width);
      } else if (event.key === "+" || event.key === "=") zoom(0.5);
      else if (event.key === "-") zoom(2);
      else if (event.key === "0") everything();
      else return;
      event.preventDefault();
    });
    for (const button of document.querySelectorAll("[data-zoom]")) {
      button.addEventListener("click", () => {
        if (button.dataset.zoom === "all") everything();
        else zoom(button.dataset.zoom === "in" ? 0.5 : 2);
      });
    }
    for (const radio of document.querySelectorAll('input[name="layer"]')) {
      radio.addEventListener("change", () => {
        for (const group of svg.querySelectorAll("[data-layer]")) {
          group.classList.toggle("hidden", group.dataset.layer !== radio.value);
        }
        for (const legend of document.querySelectorAll("[data-legend]")) {
          legend.hidden = legend.dataset.legend !== radio.value;
        }
      });
    }
    return {
      locate(sheet, row) {
        const wanted = Array.from(document.querySelectorAll('input[name="layer"]')).find((r) => r.dataset.sheet === sheet.name);
        if (wanted && chosen().dataset.sheet !== sheet.name) wanted.click();
        const [x, y] = points(sheet)[row];
        mark.setAttribute("cx", x);
        mark.setAttribute("cy", y);
        mark.classList.remove("hidden");
        look(x, y, Math.min(view.width, size.width / 4));
        frame.scrollIntoView({ block: "center" });
        frame.focus({ preventScroll: true });
      },
    };
  };
  const frame = document.querySelector(".map-frame");
  const map = frame ? mapOf(frame) : null;
  for (const section of document.querySelectorAll(".sheet")) grids.set(section.dataset.sheet, new Grid(section));
  root.classList.add("ready");
})();
