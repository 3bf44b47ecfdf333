// What the reader has chosen, as controls, as a URL fragment, as settings of the model and as a scenario file.

import { DESIGNS } from "./designs";
import type { Settings, Value } from "./model";

export interface State {
  direction: string;
  /** A size in octets, or the name of a mix. */
  packets: string;
  saturate: boolean;
  /** Gb/s of inner IP packets. */
  load: number;
  train: number;
  transport: string;
  cpu: string;
  cores: number;
  stack: string;
  cipher: string;
  tunnels: number;
  nic: string;
  ports: number;
  card: string;
  slot: string;
  driver: string;
}

export const DEFAULTS: State = {
  direction: "encrypt",
  packets: "1024",
  saturate: true,
  load: 20,
  train: 16,
  transport: "udp",
  cpu: "zen4",
  cores: 8,
  stack: "kernel",
  cipher: "aes-128-gcm",
  tunnels: 256,
  nic: "connectx-6-dx",
  ports: 1,
  card: "qat-8970",
  slot: "",
  driver: "complete",
};

/** What an author has set for the page: a host's profile, and keys that no control has. */
export interface Config {
  state: Partial<State>;
  fixed: Settings;
  profile?: string;
  profileName?: string;
  title?: string;
}

export const SIZES = [64, 128, 256, 512, 768, 1024, 1446];
export const SEED = 1;
/** Packets of each round of simulations; the last is what `points.csv` has. */
export const ROUNDS = [10_000, 30_000, 100_000];

export function toFragment(state: State): string {
  const changed = new URLSearchParams();
  for (const key of Object.keys(DEFAULTS) as (keyof State)[]) {
    if (state[key] !== DEFAULTS[key]) changed.set(key, String(state[key]));
  }
  return changed.toString();
}

/** What a fragment says of a state; what it says wrongly is left as it was. */
export function fromFragment(fragment: string, base: State): State {
  const read = new URLSearchParams(fragment.replace(/^#/, ""));
  const state: Record<string, Value> = { ...base };
  for (const [key, text] of read) {
    if (!(key in DEFAULTS)) continue;
    const usual = DEFAULTS[key as keyof State];
    if (typeof usual === "boolean") state[key] = text === "true";
    else if (typeof usual === "number") {
      const number = Number(text);
      if (Number.isFinite(number) && number > 0) state[key] = number;
    } else state[key] = text.slice(0, 80);
  }
  return state as unknown as State;
}

export function isSize(packets: string): boolean {
  return /^\d+$/.test(packets);
}

/** Settings that all designs share, and one for the packets. */
export function settings(state: State, fixed: Settings): Settings {
  const of: Settings = {
    "host.cores": state.cores,
    "host.stack": state.stack,
    "traffic.direction": state.direction,
    "traffic.mtu": "1600 B",
    "traffic.flows": 4096,
    "traffic.steering": state.direction === "transmit" ? "spread" : "rss",
    "sa.count": state.tunnels,
    "sa.algorithm": state.cipher,
    "nic.preset": state.nic,
    "nic.ports": state.ports,
    "accelerator.preset": state.card,
    "lookaside.driver": state.driver,
  };
  if (isSize(state.packets)) of["traffic.packet"] = `${state.packets} B`;
  else of["traffic.mix"] = state.packets;
  if (state.saturate) of["traffic.arrival"] = "saturate";
  else {
    of["traffic.arrival"] = "poisson";
    of["traffic.rate"] = `${state.load} Gbps`;
    if (state.train > 1 && state.direction !== "transmit") of["traffic.train"] = state.train;
  }
  if (state.transport === "tcp" && !isForwarded(state)) {
    of["traffic.transport"] = "tcp";
    if (state.direction === "transmit") of["offload.gso"] = "64 KiB";
  }
  if (state.slot) of["nic.pcie.preset"] = state.slot;
  return { ...of, ...fixed };
}

export function isForwarded(state: State): boolean {
  return !["transmit", "receive"].includes(state.direction);
}

/** Sizes of the curve: the usual ones, with the one that was chosen. */
export function sizes(state: State): number[] {
  const all = new Set(SIZES);
  if (isSize(state.packets)) all.add(Number(state.packets));
  return [...all].sort((a, b) => a - b);
}

/** A TOML string is a JSON string. */
const toml = (value: Value): string => JSON.stringify(value);

/** The scenario file whose `points.csv` has the numbers of the page, of designs that are to be had. */
export function scenario(state: State, fixed: Settings, designs: string[] = DESIGNS): string {
  const all = settings(state, fixed);
  if (isSize(state.packets)) delete all["traffic.packet"];
  const lines = ['title = "What if"', `seed = ${SEED}`, ""];
  for (const [key, value] of Object.entries(all)) lines.push(`${key} = ${toml(value)}`);
  lines.push(`run.max_packets = ${ROUNDS[ROUNDS.length - 1]}`, "");
  for (const design of designs) lines.push("[[series]]", `name = ${toml(design)}`, `placement = ${toml(design)}`, "");
  if (isSize(state.packets)) {
    lines.push("[sweep]", `"traffic.packet" = [${sizes(state).map((size) => toml(`${size} B`)).join(", ")}]`, "");
    lines.push("[[plot]]", 'file = "throughput"', 'title = "Goodput by packet size"', 'x = "traffic.packet"');
    lines.push('x_label = "Inner IP packet (B)"', 'x_scale = "log2"', 'y = "throughput"', 'basis = "goodput"');
    lines.push('y_label = "Goodput (Gb/s)"', "");
  }
  return lines.join("\n");
}

/** A command line that gives the same numbers. */
export function command(state: State, config: Config, designs: string[] = DESIGNS): string {
  const profile = config.profileName ?? `preset:${state.cpu}`;
  const quoted = `'${profile.replaceAll("'", "'\\''")}'`;
  return `cat > what-if.toml <<'END'\n${scenario(state, config.fixed, designs)}END\nespsim run what-if.toml --profile ${quoted} --out what-if\n`;
}
