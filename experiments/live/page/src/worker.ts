// Runs the module: a request in, its answer out.

interface Exports {
  memory: WebAssembly.Memory;
  reserve(length: number): number;
  release(address: number, length: number): void;
  ask(address: number, length: number): bigint;
}

let exports: Exports | undefined;

function ask(request: string): string {
  if (!exports) throw new Error("no module");
  const text = new TextEncoder().encode(request);
  const room = exports.reserve(text.length);
  new Uint8Array(exports.memory.buffer, room, text.length).set(text);
  const place = exports.ask(room, text.length);
  const address = Number(place >> 32n);
  const length = Number(place & 0xffffffffn);
  const answer = new TextDecoder().decode(new Uint8Array(exports.memory.buffer, address, length));
  exports.release(address, length);
  return answer;
}

self.onmessage = (event: MessageEvent<WebAssembly.Module | { id: number; request: string }>) => {
  if (event.data instanceof WebAssembly.Module) {
    exports = new WebAssembly.Instance(event.data, {}).exports as unknown as Exports;
    return;
  }
  const { id, request } = event.data;
  try {
    self.postMessage({ id, answer: ask(request) });
  } catch (error) {
    // Of a panic the module's memory is left as it was.
    self.postMessage({ id, answer: JSON.stringify({ error: { key: "model", message: String(error) } }) });
  }
};
