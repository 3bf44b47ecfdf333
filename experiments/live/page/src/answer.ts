// What the page says in words: at most three sentences, each computed from what was found.

import { shown } from "./dom";
import { DESIGNS } from "./designs";
import { metric } from "./model";
import type { All, Found } from "./found";
import { type State, isSize } from "./state";

function carried(found: Found): number | null {
  const simulated = found.simulated && metric(found.simulated, "throughput", "goodput");
  return simulated?.value ?? found.limits?.goodput_gbps ?? null;
}

export function coresRange(found: Found): string {
  const cores = found.cores?.cores;
  if (cores === undefined || cores === null) return "–";
  const band = found.doubt?.cores;
  return band ? `${cores} (${band[0] ?? "–"} to ${band[1] ?? "more"})` : String(cores);
}

function listed(names: string[]): string {
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names[names.length - 1]}`;
}

export function answer(all: All, state: State): string {
  const there = DESIGNS.filter((design) => all[design] && !all[design]?.wrong && carried(all[design] as Found) !== null);
  const of = (design: string): Found => all[design] as Found;
  if (there.length === 0) return "None of the designs is to be had like this; the table says why.";
  const packets = isSize(state.packets) ? `packets of ${state.packets} B` : state.packets;
  if (state.saturate) {
    const ranked = [...there].sort((a, b) => (carried(of(b)) ?? 0) - (carried(of(a)) ?? 0));
    const [first, next] = ranked as [string, string | undefined];
    const most = carried(of(first)) ?? 0;
    const limit = of(first).simulated?.limit ?? of(first).limits?.limits[0]?.resource;
    const best = `Of ${packets}, ${first} carries most on ${state.cores} cores: ${shown(most)} Gb/s of goodput, limited by ${limit ?? "nothing known"}.`;
    const second = next === undefined ? 0 : (carried(of(next)) ?? 0);
    if (next === undefined || second <= 0) return best;
    const ratio = most / second;
    return ratio < 1.02
      ? `${best} ${next} carries as much.`
      : `${best} That is ${ratio.toFixed(ratio < 3 ? 2 : 1)} times what the next, ${next}, does.`;
  }
  const needed = there.filter((design) => typeof of(design).cores?.cores === "number");
  needed.sort((a, b) => (of(a).cores?.cores ?? 0) - (of(b).cores?.cores ?? 0));
  const told = needed.map((design) => `${design} ${coresRange(of(design))}`).join(", ");
  const load = `To carry ${shown(state.load)} Gb/s (l3) of ${packets}`;
  const first = needed.length > 0 ? `${load} it takes, in cores: ${told}.` : `${load} no number of cores is known to be enough.`;
  const short = there.filter((design) => (of(design).limits?.share_without_loss ?? 1) < 1);
  if (short.length === 0) return first;
  const who = short.length === there.length ? "all of them lose" : `${listed(short)} ${short.length > 1 ? "lose" : "loses"}`;
  return `${first} On ${state.cores} cores ${who} packets.`;
}
