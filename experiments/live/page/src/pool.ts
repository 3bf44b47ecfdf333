// Workers that run the module: some for what may take long and may be cancelled, one for what must be there at once.

import type { Answer, Request } from "./model";

interface Job {
  request: string;
  done: (answer: Answer<unknown>) => void;
}

interface Hand {
  worker: Worker;
  job?: Job;
  since: number;
}

/** A job that has run so long when it is cancelled is ended with its worker, in milliseconds. */
const LONG = 300;

export class Pool {
  private readonly hands: Hand[] = [];
  private waiting: Job[] = [];

  constructor(
    private readonly module: WebAssembly.Module,
    private readonly source: string,
    hands: number,
  ) {
    for (let i = 0; i < hands; i++) this.hands.push({ worker: this.start(i), since: 0 });
  }

  private start(at: number): Worker {
    const worker = new Worker(this.source);
    worker.postMessage(this.module);
    worker.onmessage = (event: MessageEvent<{ answer: string }>) => {
      const hand = this.hands[at];
      if (!hand) return;
      const job = hand.job;
      delete hand.job;
      this.next();
      job?.done(JSON.parse(event.data.answer) as Answer<unknown>);
    };
    return worker;
  }

  ask<T>(request: Request): Promise<Answer<T>> {
    return new Promise((resolve) => {
      this.waiting.push({ request: JSON.stringify(request), done: (answer) => resolve(answer as Answer<T>) });
      this.next();
    });
  }

  private next(): void {
    for (const hand of this.hands) {
      if (hand.job) continue;
      const job = this.waiting.shift();
      if (!job) return;
      hand.job = job;
      hand.since = performance.now();
      hand.worker.postMessage({ id: 0, request: job.request });
    }
  }

  /** Drops what waits, and ends what has run for long; neither is answered. */
  cancel(): void {
    this.waiting = [];
    this.hands.forEach((hand, at) => {
      if (!hand.job) return;
      hand.job.done = () => undefined;
      if (performance.now() - hand.since > LONG) {
        hand.worker.terminate();
        delete hand.job;
        hand.worker = this.start(at);
      }
    });
  }
}
