// Puts the page together: module, workers, controls, the URL and what is shown.

import { Controls } from "./controls";
import { DESIGNS } from "./designs";
import { byId } from "./dom";
import { type All, Search } from "./found";
import type { Catalogue } from "./model";
import { Pool } from "./pool";
import { type Config, DEFAULTS, type State, command, fromFragment, scenario, toFragment } from "./state";
import { View } from "./view";

declare global {
  interface Window {
    /** What is shown, for whoever tests or reads the page by program. */
    espsim?: { state: State; found: All; round: number };
  }
}

async function inflated(base64: string): Promise<WebAssembly.Module> {
  const packed = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return WebAssembly.compile(await new Response(stream).arrayBuffer());
}

/** Keeps the state in the address; within a report there is none to keep it in. */
function remember(state: State): void {
  if (location.protocol !== "about:") history.replaceState(null, "", `#${toFragment(state)}`);
}

async function copied(text: string, what: string): Promise<void> {
  const status = byId("copied");
  try {
    await navigator.clipboard.writeText(text);
    status.textContent = `The ${what} is copied.`;
  } catch {
    // Without leave to use the clipboard the reader copies by hand.
    const shown = byId("by-hand") as HTMLTextAreaElement;
    shown.hidden = false;
    shown.value = text;
    shown.focus();
    shown.select();
    status.textContent = `Copy the ${what} from below.`;
  }
}

async function main(): Promise<void> {
  const data = (id: string) => byId(id).textContent ?? "";
  const config = JSON.parse(data("config")) as Config;
  const module = await inflated(data("module").trim());
  const source = URL.createObjectURL(new Blob([data("worker")], { type: "text/javascript" }));
  const quick = new Pool(module, source, 1);
  const patient = new Pool(module, source, Math.min(4, Math.max(1, (navigator.hardwareConcurrency || 2) - 1)));
  const described = await quick.ask<Catalogue>({ ask: "describe" });
  if ("error" in described) throw new Error(described.error.message);
  const view = new View();
  const first: State = { ...DEFAULTS, ...config.state };
  let state = fromFragment(location.hash, first);
  let found: All = {};
  const search = new Search(quick, patient, config, (latest, of, round) => {
    found = latest;
    window.espsim = { state: of, found, round };
    view.show(latest, of, round);
  });
  const controls = new Controls(byId("controls"), described.ok, (moved) => move(moved));
  const move = (moved: State) => {
    state = moved;
    controls.enable(state);
    remember(state);
    void search.begin(state);
  };
  addEventListener("hashchange", () => {
    state = fromFragment(location.hash, first);
    controls.show(state);
    void search.begin(state);
  });
  const there = () => DESIGNS.filter((design) => !found[design]?.wrong);
  byId("copy-scenario").addEventListener("click", () => void copied(scenario(state, config.fixed, there()), "scenario"));
  byId("copy-command").addEventListener("click", () => void copied(command(state, config, there()), "command"));
  byId("reset").addEventListener("click", () => {
    controls.show(first);
    move({ ...first });
  });
  if (config.title) byId("what-if-title").textContent = config.title;
  if (config.profileName !== undefined) byId("control-cpu").toggleAttribute("disabled", true);
  controls.show(state);
  document.documentElement.dataset["ready"] = "true";
  await search.begin(state);
}

main().catch((error: unknown) => {
  byId("answer").textContent = `This browser cannot run the simulator: ${String(error)}`;
});

