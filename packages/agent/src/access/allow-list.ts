import { dirname } from 'node:path';
import { messageOf } from '@linux-patch/contract';
import { type Clock, type Files, type FollowedFiles, followFiles, type Logger } from '@linux-patch/runtime';
import { fileFault, readConfigurationText } from '@linux-patch/runtime/configuration';
import type { AuditLog } from '../audit/audit-log.ts';
import { findOpenFile, openFileWords } from '../host/real-file.ts';
import { findAddress } from './address.ts';
import type { AllowListEntry } from './entry.ts';
import { HostNames, type Resolve } from './host-names.ts';
import { readLearnedAddresses } from './learned-addresses.ts';
import { type AddressMatcher, createMatcher } from './matcher.ts';
import { parseAllowList } from './parse.ts';

/** Who may open a connection. */
export interface AllowList extends AsyncDisposable, AddressMatcher, Pick<FollowedFiles, 'reload'> {
  /** `ok`, or what is wrong with the list, for health. */
  readonly health: string;
  /** Calls back whenever others may be allowed than before. */
  subscribe(changed: () => void): Disposable;
}

export interface AllowListOptions {
  readonly files: Files;
  readonly path: string;
  /** The addresses of the manager, which the agent has learned itself. */
  readonly learnedPath: string;
  readonly resolve: Resolve;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  readonly audit: Pick<AuditLog, 'record'>;
}

/** How often host names are resolved again. */
const RESOLVE_EVERY_MS = 5 * 60_000;

/**
 * Opens `whitelist.yaml` and follows its changes; the manager's learned addresses count beside it. A file that is
 * unreadable or invalid at the start allows nobody, and so does an absent one where no manager is known, and the log says
 * so; later such a file changes nothing and is reported. Host names are resolved now and every five minutes; addresses and
 * ranges never wait for that. Never rejects.
 */
export async function openAllowList(options: AllowListOptions): Promise<AllowList> {
  // A change in a folder that exists is told by the kernel.
  await options.files.makeFolder(dirname(options.learnedPath), 0o700).catch(() => {});
  const list = new FileAllowList(options);
  await list.reload();
  list.keepNames();
  return list;
}

class FileAllowList implements AllowList {
  readonly #options: AllowListOptions;
  readonly #names: HostNames;
  readonly #closing = new AbortController();
  readonly #signal: AbortSignal;
  /** Undefined until a good file was seen. */
  #entries: readonly AllowListEntry[] | undefined;
  #learned: readonly AllowListEntry[] = [];
  #matcher: AddressMatcher = createMatcher([], () => []);
  /** Why the file as it is now is not in force. */
  #fault: string | undefined = 'not read yet';
  /** That others can change the file; it counts all the same. */
  #weakness: string | undefined;
  readonly #subscribers = new Set<() => void>();
  readonly #followed: FollowedFiles;
  #keeping: Promise<void> = Promise.resolve();

  constructor(options: AllowListOptions) {
    this.#options = options;
    this.#names = new HostNames(options);
    this.#signal = AbortSignal.any([options.signal, this.#closing.signal]);
    const { files, clock, path, learnedPath, logger } = options;
    this.#followed = followFiles({
      files,
      clock,
      logger,
      paths: [path, learnedPath],
      look: () => this.#reload(),
      failed: (error) => logger.error('the allow list could not be followed', { path, error }),
    });
  }

  get health(): string {
    const { path } = this.#options;
    if (this.#fault === undefined) return this.#weakness ?? 'ok';
    return this.#entries
      ? `${path} has faults and the list that was in force stays: ${this.#fault}`
      : `${path} cannot be used and every connection is refused: ${this.#fault}`;
  }

  subscribe(changed: () => void): Disposable {
    this.#subscribers.add(changed);
    return { [Symbol.dispose]: () => void this.#subscribers.delete(changed) };
  }

  allows(address: string): boolean {
    return this.#matcher.allows(address);
  }

  reload(): Promise<void> {
    return this.#followed.reload();
  }

  keepNames(): void {
    this.#keeping = this.#resolveAgain();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await Promise.all([this.#keeping, this.#followed[Symbol.asyncDispose]()]);
  }

  async #reload(): Promise<void> {
    if (this.#signal.aborted) return;
    await this.#readLearned();
    try {
      this.#take(await this.#readFile());
    } catch (error) {
      this.#refuse(messageOf(error));
    }
    // What is said of the list and what it lets in change together.
    this.#rebuild();
    await this.#seeWeakness();
    await this.#refreshNames();
  }

  async #readLearned(): Promise<void> {
    const { files, learnedPath, logger } = this.#options;
    try {
      const learned = await readLearnedAddresses(files, learnedPath);
      this.#learned = learned.flatMap((text) => {
        const address = findAddress(text);
        return address ? [{ kind: 'address', address }] : [];
      });
    } catch (error) {
      logger.error('the learned addresses of the manager cannot be read; those in force stay', {
        path: learnedPath,
        error,
      });
    }
  }

  async #readFile(): Promise<readonly AllowListEntry[]> {
    const { files, path } = this.#options;
    const text = await readConfigurationText(files, path);
    if (text !== undefined) return parseAllowList(text, path);
    // A host that joined needs no list; one that is gone all of a sudden was hardly meant to be.
    if (this.#learned.length > 0 && !this.#entries?.length) return [];
    throw fileFault(path, 'does not exist.');
  }

  #take(entries: readonly AllowListEntry[]): void {
    const { path, logger, audit } = this.#options;
    const changed = this.#entries !== undefined && JSON.stringify(this.#entries) !== JSON.stringify(entries);
    this.#entries = entries;
    this.#fault = undefined;
    if (changed) audit.record('allow_list_changed', { entries: entries.length });
    logger.info('allow list loaded', { path, entries: entries.length, learned: this.#learned.length });
    this.#warnAboutExtremes(entries);
  }

  #refuse(fault: string): void {
    const { path, logger, audit } = this.#options;
    const faults = fault.split('\n');
    const reason = faults.join('; ');
    if (reason !== this.#fault) audit.record('allow_list_refused', { reason });
    this.#fault = reason;
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
    if (entries.length + this.#learned.length === 0)
      logger.warn('the allow list is empty: every connection is refused', { path });
    if (entries.some((entry) => entry.kind === 'range' && entry.prefix === 0)) {
      logger.warn('the allow list allows every address; only TLS protects this host', { path });
    }
  }

  /** Says once that others than root can let themselves in. */
  async #seeWeakness(): Promise<void> {
    const { files, path, logger } = this.#options;
    const open = await findOpenFile(files, path).catch(() => undefined);
    const words = open && openFileWords(open);
    const weakness = words && `${words.message}, and let itself in; to mend it: ${words.repair}`;
    if (weakness !== undefined && weakness !== this.#weakness) logger.warn(weakness, { path });
    this.#weakness = weakness;
  }

  #rebuild(): void {
    const entries = this.#entries ? [...this.#entries, ...this.#learned] : [];
    this.#matcher = createMatcher(entries, (name) => this.#names.addressesOf(name));
  }

  async #refreshNames(): Promise<void> {
    const names = (this.#entries ?? []).flatMap((entry) => (entry.kind === 'name' ? [entry.name] : []));
    await this.#names.refresh(names, this.#signal);
    this.#rebuild();
    // Not before the names are known: who is allowed by a name now would be taken for a stranger.
    for (const changed of this.#subscribers) changed();
  }

  async #resolveAgain(): Promise<void> {
    while (!this.#signal.aborted) {
      await this.#options.clock.sleep(RESOLVE_EVERY_MS, this.#signal).catch(() => {});
      await this.#followed.inTurn(() => this.#refreshNames());
    }
  }
}
