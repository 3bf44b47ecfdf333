// The controls: each is a field of the state.

import { DEFAULTS, SIZES, type State, isForwarded } from "./state";
import { element } from "./dom";
import type { Catalogue } from "./model";

type Choice = [value: string, text: string];

interface Control {
  key: keyof State;
  label: string;
  group: string;
  choices?: (catalogue: Catalogue) => Choice[];
  range?: [least: number, most: number];
  /** Whether it means anything as things are. */
  applies?: (state: State) => boolean;
}

const titled = (of: { name: string; title: string }[]): Choice[] => of.map(({ name, title }) => [name, title]);
const plain = (of: string[]): Choice[] => of.map((name) => [name, name]);

const CONTROLS: Control[] = [
  {
    key: "direction",
    label: "Direction",
    group: "Traffic",
    choices: () => [
      ["encrypt", "gateway: clear in, ESP out"],
      ["decrypt", "gateway: ESP in, clear out"],
      ["both", "gateway: both ways"],
      ["transmit", "this host sends"],
      ["receive", "this host receives"],
    ],
  },
  {
    key: "packets",
    label: "Packets (inner IP)",
    group: "Traffic",
    choices: (catalogue) => [...SIZES.map((size): Choice => [String(size), `${size} B`]), ...titled(catalogue.mixes)],
  },
  {
    key: "transport",
    label: "Transport",
    group: "Traffic",
    choices: () => [
      ["udp", "UDP, a send for each datagram"],
      ["tcp", "TCP, with GSO where it sends"],
    ],
    applies: (state) => !isForwarded(state),
  },
  { key: "saturate", label: "As fast as it can", group: "Traffic" },
  { key: "load", label: "Load (Gb/s, l3)", group: "Traffic", range: [0.1, 400], applies: (state) => !state.saturate },
  {
    key: "train",
    label: "Packets in a train of a flow",
    group: "Traffic",
    choices: () => plain(["1", "4", "16", "32", "64"]),
    applies: (state) => !state.saturate && state.direction !== "transmit",
  },
  { key: "tunnels", label: "Tunnels (SAs)", group: "Traffic", range: [1, 100_000] },
  { key: "cipher", label: "Cipher", group: "Traffic", choices: (catalogue) => plain(catalogue.ciphers) },
  { key: "cpu", label: "Host", group: "Host", choices: (catalogue) => titled(catalogue.cpus) },
  { key: "cores", label: "Cores", group: "Host", range: [1, 128] },
  {
    key: "stack",
    label: "Stack",
    group: "Host",
    choices: () => [
      ["kernel", "kernel"],
      ["xdp", "kernel with XDP"],
      ["vector", "userspace vectors (VPP, DPDK)"],
    ],
  },
  { key: "nic", label: "NIC", group: "Devices", choices: (catalogue) => titled(catalogue.nics) },
  { key: "ports", label: "Ports in use", group: "Devices", range: [1, 4] },
  {
    key: "slot",
    label: "Slot of the NIC",
    group: "Devices",
    choices: (catalogue) => [["", "what it is made for"], ...titled(catalogue.slots)],
  },
  { key: "card", label: "Card (lookaside)", group: "Devices", choices: (catalogue) => titled(catalogue.cards) },
  {
    key: "driver",
    label: "The card's driver has",
    group: "Devices",
    choices: () => [
      ["complete", "all ciphers of the card"],
      ["in-tree", "what Linux's own registers"],
    ],
  },
];

type Field = HTMLInputElement | HTMLSelectElement;

export class Controls {
  private readonly fields = new Map<keyof State, Field>();

  constructor(place: HTMLElement, catalogue: Catalogue, private readonly moved: (state: State) => void) {
    const groups = new Map<string, HTMLElement>();
    for (const control of CONTROLS) {
      const group = groups.get(control.group) ?? element("details", { class: "group" }, element("summary", {}, control.group));
      // On a phone what is not moved most is folded.
      group.toggleAttribute("open", control.group === "Traffic" || matchMedia("(min-width: 620px)").matches);
      groups.set(control.group, group);
      const field = this.field(control, catalogue);
      const row = element("p", { class: "field" }, element("label", { for: field.id }, control.label), field);
      if (control.range) row.append(this.slider(control, field as HTMLInputElement));
      group.append(row);
      this.fields.set(control.key, field);
    }
    place.replaceChildren(...groups.values());
    place.addEventListener("input", () => this.moved(this.state()));
  }

  private field(control: Control, catalogue: Catalogue): Field {
    const id = `control-${control.key}`;
    if (control.choices) {
      const choices = control.choices(catalogue);
      return element("select", { id }, ...choices.map(([value, text]) => element("option", { value }, text)));
    }
    if (typeof DEFAULTS[control.key] === "boolean") return element("input", { id, type: "checkbox" });
    const [least, most] = control.range ?? [1, 1];
    const step = Number.isInteger(least) ? "1" : "any";
    return element("input", { id, type: "number", min: String(least), max: String(most), step, inputmode: "decimal" });
  }

  /** Moves a number by octaves, so that small and large ones are at hand alike. */
  private slider(control: Control, number: HTMLInputElement): HTMLInputElement {
    const [least, most] = control.range ?? [1, 1];
    const slider = element("input", { type: "range", min: "0", max: "200", "aria-label": `${control.label}, slider` });
    const octaves = Math.log(most / least);
    const place = () => (slider.value = String((200 * Math.log(Number(number.value) / least)) / octaves));
    slider.addEventListener("input", () => {
      const value = least * Math.exp((Number(slider.value) / 200) * octaves);
      number.value = String(Number.isInteger(least) ? Math.round(value) : Number(value.toPrecision(2)));
    });
    number.addEventListener("input", place);
    number.addEventListener("place", place);
    return slider;
  }

  state(): State {
    const state: Record<string, string | number | boolean> = { ...DEFAULTS };
    for (const [key, field] of this.fields) {
      const usual = DEFAULTS[key];
      if (typeof usual === "boolean") state[key] = (field as HTMLInputElement).checked;
      else if (typeof usual === "number") {
        const number = Number(field.value);
        const [least, most] = CONTROLS.find((control) => control.key === key)?.range ?? [1, 64];
        state[key] = Number.isFinite(number) && field.value !== "" ? Math.min(most, Math.max(least, number)) : usual;
      } else state[key] = field.value;
    }
    return state as unknown as State;
  }

  show(state: State): void {
    for (const [key, field] of this.fields) {
      const value = state[key];
      if (typeof value === "boolean") (field as HTMLInputElement).checked = value;
      else {
        const text = String(value);
        // What a page was made for may be no usual choice.
        if (field instanceof HTMLSelectElement && ![...field.options].some((option) => option.value === text)) {
          field.append(element("option", { value: text }, text));
        }
        field.value = text;
        field.dispatchEvent(new Event("place"));
      }
    }
    this.enable(state);
  }

  /** What means nothing as things are cannot be moved. */
  enable(state: State): void {
    for (const { key, applies } of CONTROLS) {
      const field = this.fields.get(key);
      if (!field || !applies) continue;
      const row = field.closest("p");
      row?.querySelectorAll("input, select").forEach((input) => input.toggleAttribute("disabled", !applies(state)));
    }
  }
}
