// Shows what was found: the answer, the curve, a table of designs, cycles, links, and every number behind them.

import { answer, coresRange } from "./answer";
import { Chart, type Curve } from "./chart";
import { DESIGNS, LOOKS } from "./designs";
import { byId, element, shown, table } from "./dom";
import type { All, Found } from "./found";
import { metric } from "./model";
import { ROUNDS, type State, sizes } from "./state";

/** Colours of categories of cycles. */
const SHADES = 16;

const percent = (share: number | undefined): string => (share === undefined ? "–" : `${shown(share * 100)} %`);

/** Two significant digits, of what is small and says how far something else is known. */
const brief = (value: number): string => Number(value.toPrecision(2)).toString();

function name(design: string): HTMLElement {
  return element("span", { class: `design ${design}` }, design);
}

function row(design: string, found: Found): (Node | string)[] {
  if (found.wrong) return [name(design), element("span", { class: "wrong" }, `not to be had: ${found.wrong.message}`)];
  const { simulated, limits } = found;
  const of = (metricName: string, basis?: string) => (simulated ? metric(simulated, metricName, basis) : undefined);
  const rate = of("throughput", "goodput");
  const interval = rate?.half_width === undefined ? "" : ` ± ${brief(rate.half_width)}`;
  const [first, second] = limits?.limits ?? [];
  const limit = simulated?.limit ?? first?.resource ?? "–";
  const next = [first, second].find((other) => other && other.resource !== limit);
  return [
    name(design),
    rate ? shown(rate.value) + interval : simulated ? "queues grow" : `≤ ${shown(limits?.goodput_gbps)}`,
    limit,
    next ? `${next.resource}, ${shown(next.gbps)}` : "–",
    of("loss") ? percent(of("loss")?.value) : limits && limits.share_without_loss < 1 ? `≥ ${percent(1 - limits.share_without_loss)}` : "–",
    coresRange(found),
    shown(of("pcie_crossings")?.value),
    percent(of("pcie_utilisation")?.value),
  ];
}

function designs(all: All): HTMLElement {
  const header = [
    "Design",
    "Carries Gb/s",
    "Limited by",
    "Next limit, at Gb/s",
    "Lost",
    "Cores for the load",
    "PCIe crossings",
    "Busiest link",
  ];
  const made = table("Goodput in Gb/s with 95 % intervals", header, []);
  const body = made.querySelector("tbody") as HTMLElement;
  for (const design of DESIGNS) {
    const cells = row(design, all[design] as Found);
    const line = element("tr");
    cells.forEach((cell, i) => {
      const made = element(i === 0 ? "th" : "td", i === 0 ? { scope: "row" } : { "data-label": header[i] ?? "" }, cell);
      if (cells.length === 2 && i === 1) made.setAttribute("colspan", String(header.length - 1));
      line.append(made);
    });
    body.append(line);
  }
  return made;
}

/** Bars of cycles per packet, a part for each category. */
function cycles(all: All): [HTMLElement, HTMLElement] {
  const parts = (found: Found | undefined) =>
    (found?.simulated?.metrics ?? [])
      .filter((m) => m.name.startsWith("cycles_per_packet/") && m.value > 0)
      .map((m) => ({ category: m.name.slice("cycles_per_packet/".length), value: m.value }));
  const categories = [...new Set(DESIGNS.flatMap((design) => parts(all[design]).map((part) => part.category)))];
  const total = (design: string) => parts(all[design]).reduce((sum, part) => sum + part.value, 0);
  const most = Math.max(1, ...DESIGNS.map(total));
  const bars = element("div", { class: "bars", "aria-hidden": "true" });
  for (const design of DESIGNS) {
    if (total(design) === 0) continue;
    const bar = element("div", { class: "bar" });
    for (const part of parts(all[design])) {
      const shade = categories.indexOf(part.category) % SHADES;
      const piece = element("span", { class: `shade-${shade}`, title: `${part.category}: ${shown(part.value)}` });
      piece.style.width = `${(100 * part.value) / most}%`;
      bar.append(piece);
    }
    bars.append(element("span", { class: "bar-name" }, design), bar, element("span", { class: "bar-end" }, shown(total(design))));
  }
  const key = element("ul", { class: "key" });
  categories.forEach((category, i) =>
    key.append(element("li", {}, element("span", { class: `swatch shade-${i % SHADES}` }), category)),
  );
  const rows = categories.map((category) => [
    category,
    ...DESIGNS.map((design) => shown(parts(all[design]).find((part) => part.category === category)?.value)),
  ]);
  return [element("div", {}, bars, key), table("Core cycles for each packet", ["Category", ...DESIGNS], rows)];
}

function stations(all: All): HTMLElement {
  const of = (design: string) => all[design]?.simulated?.metrics.filter((m) => m.name.startsWith("utilisation/")) ?? [];
  const names = [...new Set(DESIGNS.flatMap((design) => of(design).map((m) => m.name)))];
  const rows = names.map((station) => [
    station.slice("utilisation/".length),
    ...DESIGNS.map((design) => percent(of(design).find((m) => m.name === station)?.value)),
  ]);
  return table("Busy share of every kind of station", ["Station", ...DESIGNS], rows);
}

function curves(all: All, of: number[]): Record<string, Curve> {
  const made: Record<string, Curve> = {};
  for (const design of DESIGNS) {
    const found = all[design];
    if (!found?.limits) continue;
    made[design] = {
      closed: found.limits.sizes,
      band: found.doubt?.sizes ?? of.map(() => null),
      simulated: of.map((_, i) => {
        const simulated = found.bySize[i];
        const rate = simulated && metric(simulated, "throughput", "goodput");
        return rate ? { value: rate.value, half: rate.half_width ?? 0 } : null;
      }),
    };
  }
  return made;
}

function curveTable(made: Record<string, Curve>, of: number[]): HTMLElement {
  const there = DESIGNS.filter((design) => made[design]);
  const cell = (design: string, i: number): string => {
    const curve = made[design];
    const point = curve?.simulated[i];
    const closed = `≤ ${shown(curve?.closed[i])}`;
    return point ? `${shown(point.value)} ± ${brief(point.half)} (${closed})` : closed;
  };
  const rows = of.map((size, i) => [`${size} B`, ...there.map((design) => cell(design, i))]);
  return table("Goodput in Gb/s: simulated, and the closed-form limit", ["Inner IP packet", ...there], rows);
}

export class View {
  private readonly chart = new Chart(byId("chart"));

  show(all: All, state: State, round: number): void {
    const of = sizes(state);
    byId("answer").textContent = answer(all, state);
    byId("designs").replaceChildren(designs(all));
    const made = curves(all, of);
    this.chart.show(made, of);
    byId("legend").replaceChildren(
      ...DESIGNS.filter((design) => made[design]).map((design) =>
        element("li", {}, element("span", { class: `swatch ${LOOKS[design]?.mark} ${design}` }), LOOKS[design]?.title ?? design),
      ),
    );
    byId("curve-data").replaceChildren(curveTable(made, of));
    const [bars, data] = cycles(all);
    byId("cycles").replaceChildren(bars);
    byId("cycles-data").replaceChildren(data);
    byId("stations").replaceChildren(stations(all));
    const status = byId("status");
    status.textContent =
      round >= ROUNDS.length
        ? `${ROUNDS[ROUNDS.length - 1]?.toLocaleString("en")} packets a point`
        : `simulating, ${ROUNDS[round]?.toLocaleString("en")} packets a point`;
    document.documentElement.dataset["round"] = String(round);
  }
}
