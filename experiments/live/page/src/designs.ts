// One look for each design, everywhere: colour, mark and order.

export interface Look {
  /** CSS variable of its colour. */
  colour: string;
  mark: "circle" | "square" | "triangle" | "diamond";
  title: string;
}

export const LOOKS: Record<string, Look> = {
  host: { colour: "--host", mark: "circle", title: "host: the CPU encrypts" },
  lookaside: { colour: "--lookaside", mark: "square", title: "lookaside: a card encrypts" },
  "inline-crypto": { colour: "--inline-crypto", mark: "triangle", title: "inline-crypto: the NIC encrypts" },
  "inline-packet": {
    colour: "--inline-packet",
    mark: "diamond",
    title: "inline-packet: the NIC encapsulates and encrypts",
  },
};

export const DESIGNS = Object.keys(LOOKS);
