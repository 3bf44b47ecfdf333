// Throughput by packet size: a closed-form line with its band for each design, and simulated points with their intervals.

import uPlot from "uplot";
import { DESIGNS, LOOKS } from "./designs";

export interface Curve {
  closed: (number | null)[];
  band: ([number, number] | null)[];
  simulated: ({ value: number; half: number } | null)[];
}

/** The look of the page at this moment: dark or light. */
export function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function mark(context: CanvasRenderingContext2D, design: string, x: number, y: number, r: number): void {
  context.beginPath();
  switch (LOOKS[design]?.mark) {
    case "square":
      context.rect(x - r, y - r, 2 * r, 2 * r);
      break;
    case "triangle":
      context.moveTo(x, y - 1.2 * r);
      context.lineTo(x + 1.1 * r, y + r);
      context.lineTo(x - 1.1 * r, y + r);
      context.closePath();
      break;
    case "diamond":
      context.moveTo(x, y - 1.3 * r);
      context.lineTo(x + 1.3 * r, y);
      context.lineTo(x, y + 1.3 * r);
      context.lineTo(x - 1.3 * r, y);
      context.closePath();
      break;
    default:
      context.arc(x, y, r, 0, 2 * Math.PI);
  }
  context.fill();
}

/** Points with intervals, drawn over the lines. */
function points(plot: uPlot, curves: Record<string, Curve>, sizes: number[]): void {
  const context = plot.ctx;
  const ratio = devicePixelRatio || 1;
  context.save();
  for (const design of DESIGNS) {
    const style = colour(LOOKS[design]?.colour ?? "");
    context.fillStyle = style;
    context.strokeStyle = style;
    context.lineWidth = 1.5 * ratio;
    curves[design]?.simulated.forEach((point, i) => {
      const size = sizes[i];
      if (!point || size === undefined) return;
      const at = (value: number) => plot.valToPos(value, "y", true);
      const x = plot.valToPos(size, "x", true);
      context.beginPath();
      context.moveTo(x, at(point.value - point.half));
      context.lineTo(x, at(point.value + point.half));
      context.stroke();
      mark(context, design, x, at(point.value), 4 * ratio);
    });
  }
  context.restore();
}

/** Pixels that a label takes. */
const LABEL = 36;

/** Labels of sizes, as far as they have room: the last one first. */
function apart(sizes: number[], place: (size: number) => number): string[] {
  let free = Number.POSITIVE_INFINITY;
  return [...sizes]
    .reverse()
    .map((size) => {
      if (place(size) > free) return "";
      free = place(size) - LABEL;
      return String(size);
    })
    .reverse();
}

export class Chart {
  private plot: uPlot | undefined;
  private last: [Record<string, Curve>, number[]] | undefined;

  constructor(private readonly place: HTMLElement) {
    new ResizeObserver(() => this.resize()).observe(place);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.redraw());
  }

  private width(): number {
    return Math.max(280, this.place.clientWidth);
  }

  private resize(): void {
    this.plot?.setSize({ width: this.width(), height: this.height() });
  }

  private height(): number {
    return Math.min(420, Math.max(260, Math.round(this.width() * 0.5)));
  }

  private redraw(): void {
    if (this.last) this.show(...this.last);
  }

  show(curves: Record<string, Curve>, sizes: number[]): void {
    this.last = [curves, sizes];
    this.plot?.destroy();
    const series: uPlot.Series[] = [{}];
    const data: uPlot.AlignedData = [sizes];
    const bands: uPlot.Band[] = [];
    for (const design of DESIGNS) {
      const curve = curves[design];
      if (!curve) continue;
      const stroke = colour(LOOKS[design]?.colour ?? "");
      const scaled = (end: 0 | 1) =>
        curve.closed.map((value, i) => (value === null || !curve.band[i] ? null : value * (curve.band[i]?.[end] ?? 1)));
      const at = series.length;
      series.push({ stroke, width: 2, points: { show: false } });
      series.push({ stroke: "transparent", width: 0, points: { show: false } });
      series.push({ stroke: "transparent", width: 0, points: { show: false } });
      data.push(curve.closed, scaled(1), scaled(0));
      bands.push({ series: [at + 1, at + 2], fill: `${stroke}26` });
    }
    const ink = colour("--ink");
    const grid = { stroke: colour("--grid"), width: 1 };
    const font = "12px system-ui, sans-serif";
    const axis = { stroke: ink, grid, ticks: grid, font, labelFont: font };
    const options: uPlot.Options = {
      width: this.width(),
      height: this.height(),
      legend: { show: false },
      cursor: { show: false },
      scales: { x: { time: false, distr: 3, log: 2 }, y: { range: (_, __, most) => [0, (most || 1) * 1.08] } },
      axes: [
        {
          ...axis,
          label: "Inner IP packet (B)",
          splits: () => sizes,
          filter: (_, at) => at,
          values: (plot, at) => apart(at, (size) => plot.valToPos(size, "x")),
        },
        { ...axis, label: "Goodput (Gb/s)", size: 52 },
      ],
      series,
      bands,
      hooks: { draw: [(plot) => points(plot, curves, sizes)] },
    };
    this.plot = new uPlot(options, data, this.place);
  }
}
