// What the module is asked and answers; see experiments/live/src.

export type Value = string | number | boolean;
export type Settings = Record<string, Value>;

export interface Asked {
  profile?: string;
  cpu: string;
  settings: Settings;
}

export interface Named {
  name: string;
  title: string;
}

export interface Catalogue {
  designs: Named[];
  nics: Named[];
  cards: Named[];
  slots: Named[];
  mixes: Named[];
  cpus: (Named & { cores: number })[];
  stacks: string[];
  ciphers: string[];
}

/** Goodput in Gb/s. */
export interface Limits {
  goodput_gbps: number | null;
  offered_gbps: number | null;
  share_without_loss: number;
  limits: { resource: string; gbps: number }[];
  sizes: (number | null)[];
}

export interface Cores {
  cores: number | null;
  of_host: number;
}

/** Factors of closed forms, but for cores, which are counted. */
export interface Doubt {
  goodput: [number, number] | null;
  cores: [number | null, number | null] | null;
  sizes: ([number, number] | null)[];
}

export interface Metric {
  name: string;
  value: number;
  unit: string;
  basis?: string;
  half_width?: number;
  n?: number;
}

export interface Simulated {
  stop: string;
  limit: string | null;
  next: string | null;
  metrics: Metric[];
}

export interface Wrong {
  key: string;
  message: string;
}

export type Answer<T> = { ok: T } | { error: Wrong };

export type Request =
  | { ask: "describe" }
  | ({ ask: "limits"; sizes: number[] } & Asked)
  | ({ ask: "cores" } & Asked)
  | ({ ask: "doubt"; sizes: number[]; draws: number; seed: number } & Asked)
  | ({ ask: "simulate"; seed: number } & Asked);

export function metric(of: Simulated, name: string, basis?: string): Metric | undefined {
  return of.metrics.find((m) => m.name === name && (basis === undefined || m.basis === basis));
}
