import { belowRoot, type PackageHost } from './doors.ts';

/**
 * A refresh in which nothing moves for this long is ended. The limits of package managers for a server that says nothing
 * are shorter (apt's `Acquire::http::Timeout`: 30 s and three more tries), so that one such server does not cost the others.
 */
export const SILENCE_LIMIT_MS = 180_000;
const LOOK_INTERVAL_MS = 5_000;

type WatchedHost = Pick<PackageHost, 'clock' | 'files' | 'root' | 'adapter'>;

/** Aborts a refresh in which neither lines come that differ nor files grow. */
export class SilenceWatch implements Disposable {
  readonly #host: WatchedHost;
  readonly #silence = new AbortController();
  readonly #done = new AbortController();
  readonly signal: AbortSignal;
  #heardMs: number;
  #last = '';

  constructor(host: WatchedHost, outer: AbortSignal) {
    this.#host = host;
    this.#heardMs = host.clock.monotonicMs();
    this.signal = AbortSignal.any([outer, this.#silence.signal]);
    void this.#watch();
  }

  get tooLong(): boolean {
    return this.#silence.signal.aborted;
  }

  /** While it waits, a package manager repeats its progress. */
  heard(line: string): void {
    if (line === this.#last) return;
    this.#last = line;
    this.#heardMs = this.#host.clock.monotonicMs();
  }

  [Symbol.dispose](): void {
    this.#done.abort();
  }

  async #watch(): Promise<void> {
    const { clock } = this.#host;
    let before = '';
    for (;;) {
      await clock.sleep(LOOK_INTERVAL_MS, this.#done.signal).catch(() => {});
      if (this.#done.signal.aborted) return;
      const now = await this.#downloaded().catch(() => before);
      if (now !== before) this.#heardMs = clock.monotonicMs();
      else if (clock.monotonicMs() - this.#heardMs > SILENCE_LIMIT_MS) return this.#silence.abort();
      before = now;
    }
  }

  /** Names and sizes of what is being downloaded: percentages may stand still in the first file of a source. */
  async #downloaded(): Promise<string> {
    const { files } = this.#host;
    const folder = belowRoot(this.#host, this.#host.adapter.refreshing.downloads);
    const names = await files.list(folder, { missingOk: true });
    const facts = await Promise.all(names.map((name) => files.facts(`${folder}/${name}`)));
    return names.map((name, index) => `${name}:${facts[index]?.sizeBytes}`).join('|');
  }
}
