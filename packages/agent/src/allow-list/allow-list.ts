import { messageOf } from '@linux-patch/contract';
import type { Clock, Files, Logger } from '@linux-patch/runtime';
import { fileFault, readConfigurationText } from '@linux-patch/runtime/configuration';
import type { AllowListEntry } from './entry.ts';
import { HostNames, type Resolve } from './host-names.ts';
import { type AddressMatcher, createMatcher } from './matcher.ts';
import { parseAllowList } from './parse.ts';

/** What is in force. */
export type AllowListState =
  | { readonly kind: 'loaded'; readonly entries: number }
  /** Nobody is allowed, and why. */
  | { readonly kind: 'denying'; readonly reason: string };

/** Who may open a connection. */
export interface AllowList extends AsyncDisposable, AddressMatcher {
  readonly state: AllowListState;
  /** Why the file as it is now is not in force; undefined while it is. */
  readonly fault: string | undefined;
  /** Reads the file now, as on SIGHUP. Resolves when what it says is in force, or was refused and reported; never rejects. */
  reload(): Promise<void>;
}

export interface AllowListOptions {
  readonly files: Files;
  readonly path: string;
  readonly resolve: Resolve;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

const NOT_READ = 'not read yet';

/** How often host names are resolved again. */
const RESOLVE_EVERY_MS = 5 * 60_000;

/**
 * Opens `whitelist.yaml` and follows its changes. A file that is absent, unreadable or invalid at the start allows nobody,
 * and the log says so; later such a file changes nothing and is reported. Host names are resolved now and every five
 * minutes; addresses and ranges never wait for that. Never rejects.
 */
export async function openAllowList(options: AllowListOptions): Promise<AllowList> {
  const list = new FileAllowList(options);
  await list.reload();
  list.follow();
  return list;
}

class FileAllowList implements AllowList {
  readonly #options: AllowListOptions;
  readonly #names: HostNames;
  readonly #closing = new AbortController();
  readonly #signal: AbortSignal;
  /** Undefined until a good file was seen. */
  #entries: readonly AllowListEntry[] | undefined;
  #matcher: AddressMatcher = createMatcher([], () => []);
  #fault: string | undefined = NOT_READ;
  #watcher: Disposable | undefined;
  #work: Promise<void> = Promise.resolve();
  #following: Promise<void> = Promise.resolve();

  constructor(options: AllowListOptions) {
    this.#options = options;
    this.#names = new HostNames(options);
    this.#signal = AbortSignal.any([options.signal, this.#closing.signal]);
  }

  get state(): AllowListState {
    return this.#entries
      ? { kind: 'loaded', entries: this.#entries.length }
      : { kind: 'denying', reason: this.#fault ?? NOT_READ };
  }

  get fault(): string | undefined {
    return this.#fault;
  }

  allows(address: string): boolean {
    return this.#matcher.allows(address);
  }

  reload(): Promise<void> {
    return this.#queue(() => this.#reload());
  }

  follow(): void {
    this.#watch();
    this.#following = this.#resolveAgain();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    this.#watcher?.[Symbol.dispose]();
    await Promise.all([this.#work, this.#following]);
  }

  #queue(work: () => Promise<void>): Promise<void> {
    this.#work = this.#work.then(() => (this.#signal.aborted ? undefined : work()));
    return this.#work;
  }

  async #reload(): Promise<void> {
    const { files, path, logger } = this.#options;
    let entries: readonly AllowListEntry[];
    try {
      const text = await readConfigurationText(files, path);
      if (text === undefined) throw fileFault(path, 'does not exist.');
      entries = parseAllowList(text, path);
    } catch (error) {
      this.#refuse(messageOf(error));
      return;
    }
    this.#entries = entries;
    this.#fault = undefined;
    this.#rebuild();
    await this.#refreshNames();
    logger.info('allow list loaded', { path, entries: entries.length });
    this.#warnAboutExtremes(entries);
  }

  #refuse(fault: string): void {
    const { path, logger } = this.#options;
    const faults = fault.split('\n');
    this.#fault = faults.join('; ');
    if (this.#entries) {
      logger.error('the changed allow list is not taken; the one in force stays', { path, faults });
    } else {
      logger.error('the allow list cannot be used: every connection is refused until it is mended', {
        path,
        faults,
      });
    }
  }

  #warnAboutExtremes(entries: readonly AllowListEntry[]): void {
    const { path, logger } = this.#options;
    if (entries.length === 0) logger.warn('the allow list is empty: every connection is refused', { path });
    if (entries.some((entry) => entry.kind === 'range' && entry.prefix === 0)) {
      logger.warn('the allow list allows every address; only TLS protects this host', { path });
    }
  }

  #rebuild(): void {
    this.#matcher = createMatcher(this.#entries ?? [], (name) => this.#names.addressesOf(name));
  }

  async #refreshNames(): Promise<void> {
    const names = (this.#entries ?? []).flatMap((entry) => (entry.kind === 'name' ? [entry.name] : []));
    await this.#names.refresh(names, this.#signal);
    this.#rebuild();
  }

  /** The folder may not exist yet; watching is tried again with every round of host names. */
  #watch(): boolean {
    const { files, path, logger } = this.#options;
    try {
      this.#watcher ??= files.watch(path, () => void this.reload());
      return true;
    } catch (error) {
      logger.warn('the allow list cannot be watched; changes are noticed within five minutes or on SIGHUP', {
        path,
        error,
      });
      return false;
    }
  }

  async #resolveAgain(): Promise<void> {
    let watching = this.#watcher !== undefined;
    while (!this.#signal.aborted) {
      const slept = await this.#options.clock.sleep(RESOLVE_EVERY_MS, this.#signal).then(
        () => true,
        () => false,
      );
      if (!slept) return;
      if (watching) {
        await this.#queue(() => this.#refreshNames());
      } else {
        watching = this.#watch();
        await this.reload();
      }
    }
  }
}
