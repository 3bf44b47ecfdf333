// What has been found of each design so far, and what is asked next.

import { DESIGNS } from "./designs";
import type { Answer, Asked, Cores, Doubt, Limits, Settings, Simulated, Wrong } from "./model";
import type { Pool } from "./pool";
import { type Config, ROUNDS, SEED, type State, settings, sizes } from "./state";

/** Draws behind a band. */
const DRAWS = 40;

export interface Found {
  wrong?: Wrong;
  limits?: Limits;
  cores?: Cores;
  doubt?: Doubt;
  /** Of the packets that were chosen. */
  simulated?: Simulated;
  /** By size. */
  bySize: (Simulated | undefined)[];
}

export type All = Record<string, Found>;

/** Asks all that there is to ask of a state; `changed` comes with everything that is found, the latest state alone. */
export class Search {
  private turn = 0;

  constructor(
    private readonly quick: Pool,
    private readonly patient: Pool,
    private readonly config: Config,
    private readonly changed: (found: All, state: State, round: number) => void,
  ) {}

  async begin(state: State): Promise<void> {
    const turn = ++this.turn;
    this.quick.cancel();
    this.patient.cancel();
    const found: All = Object.fromEntries(DESIGNS.map((design) => [design, { bySize: [] }]));
    let round = 0;
    const tell = () => {
      if (turn === this.turn) this.changed(found, state, round);
    };
    const common = settings(state, this.config.fixed);
    const asked = (design: string, more: Settings = {}): Asked => ({
      ...(this.config.profile === undefined ? {} : { profile: this.config.profile }),
      cpu: state.cpu,
      settings: { ...common, placement: design, ...more },
    });
    const all = sizes(state);
    await Promise.all(
      DESIGNS.map(async (design) => {
        const limits = await this.quick.ask<Limits>({ ask: "limits", sizes: all, ...asked(design) });
        keep(found, design, limits, (of, value) => (of.limits = value));
      }),
    );
    // Of a state that is past nothing more is asked.
    if (turn !== this.turn) return;
    tell();
    const there = DESIGNS.filter((design) => !found[design]?.wrong);
    const once = async <T>(design: string, request: Promise<Answer<T>>, put: (of: Found, value: T) => void) => {
      keep(found, design, await request, put);
      tell();
    };
    const simulate = (design: string, packets: number, more: Settings = {}) =>
      this.patient.ask<Simulated>({
        ask: "simulate",
        seed: SEED,
        ...asked(design, { ...more, "run.max_packets": packets }),
      });
    for (const packets of ROUNDS) {
      const chosen = there.map((design) => once(design, simulate(design, packets), (of, value) => (of.simulated = value)));
      if (round === 0) {
        chosen.push(
          ...there.map((design) =>
            once(design, this.quick.ask<Cores>({ ask: "cores", ...asked(design) }), (of, value) => (of.cores = value)),
          ),
        );
      }
      const curve = all.flatMap((size, i) =>
        there.map(async (design) => {
          const own = asked(design, { "traffic.packet": `${size} B`, "run.max_packets": packets });
          delete own.settings["traffic.mix"];
          const simulated = await this.patient.ask<Simulated>({ ask: "simulate", seed: SEED, ...own });
          // A size that cannot be is a gap.
          const of = found[design];
          if (of && "ok" in simulated) of.bySize[i] = simulated.ok;
          tell();
        }),
      );
      await Promise.all([...chosen, ...curve]);
      if (turn !== this.turn) return;
      round++;
      tell();
      if (round !== 1) continue;
      await Promise.all(
        there.map((design) =>
          once(
            design,
            this.patient.ask<Doubt>({ ask: "doubt", sizes: all, draws: DRAWS, seed: SEED, ...asked(design) }),
            (of, value) => (of.doubt = value),
          ),
        ),
      );
    }
  }
}

function keep<T>(found: All, design: string, answer: Answer<T>, put: (of: Found, value: T) => void): void {
  const of = found[design];
  if (!of) return;
  if ("ok" in answer) put(of, answer.ok);
  else of.wrong = answer.error;
}
