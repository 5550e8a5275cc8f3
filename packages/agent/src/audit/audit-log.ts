import { dirname } from 'node:path';
import type { AgentAuditEvent } from '@linux-patch/contract';
import { type Clock, type Files, type Logger, redactFields } from '@linux-patch/runtime';
import { appendToChain, type ChainEnd, dayOf } from './chain.ts';
import { AUDIT_MODE, findChainEnd, prune, rotate } from './rotation.ts';

/** The record of who did what to this host. Recording never fails and never waits. */
export interface AuditLog extends AsyncDisposable {
  /** Secrets among the details are blanked. */
  record(event: AgentAuditEvent, details?: Readonly<Record<string, unknown>>): void;
  /** Resolves when everything recorded so far is on the disk, or could not be written. */
  flush(): Promise<void>;
}

export interface AuditLogOptions {
  readonly path: string;
  readonly files: Files;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How long rotated files are kept. */
  readonly retentionMs: number;
  /** Whether the clock is good enough to remove files because of their age. */
  readonly mayForget?: () => boolean;
  /** Told of every record at once, also of one that the disk does not take. */
  readonly copies?: Pick<Logger, 'info'> | undefined;
}

interface Entry {
  readonly atMs: number;
  readonly event: AgentAuditEvent;
  readonly details: Readonly<Record<string, unknown>>;
}

/** Entries that may wait for a slow disk before new ones are counted as lost. */
const MAX_WAITING = 1_000;

/**
 * Opens the audit log: JSON lines, appended and flushed, each carrying the hash of the one before it, rotated and
 * compressed at midnight UTC. A disk that is full or read-only costs records, never the agent: one warning is
 * logged, and the first record that can be written again says how many were lost.
 */
export function openAuditLog(options: AuditLogOptions): AuditLog {
  return new FileAuditLog(options);
}

class FileAuditLog implements AuditLog {
  readonly #options: AuditLogOptions;
  #waiting: Entry[] = [];
  #writing: Promise<void> | undefined;
  /** Undefined until the file was read, and again after every failure. */
  #end: ChainEnd | undefined;
  #lost = 0;
  #failing = false;

  constructor(options: AuditLogOptions) {
    this.#options = options;
  }

  record(event: AgentAuditEvent, details: Readonly<Record<string, unknown>> = {}): void {
    this.#options.copies?.info('audit', { event, details });
    if (this.#waiting.length >= MAX_WAITING) {
      this.#lost += 1;
      return;
    }
    this.#waiting.push({
      atMs: this.#options.clock.now(),
      event,
      details: redactFields(details) as Record<string, unknown>,
    });
    this.#writing ??= this.#drain();
  }

  async flush(): Promise<void> {
    await this.#writing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.flush();
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0);
      const lostBefore = this.#lost;
      try {
        await this.#write(lostBefore > 0 ? [lossOf(lostBefore, batch), ...batch] : batch);
        this.#lost -= lostBefore;
        if (this.#failing) this.#options.logger.info('audit log is written again', { lost: lostBefore });
        this.#failing = false;
      } catch (error) {
        this.#lost += batch.length;
        this.#end = undefined;
        this.#warnOnce(error);
      }
    }
    this.#writing = undefined;
  }

  async #write(batch: readonly Entry[]): Promise<void> {
    const { files, path } = this.#options;
    let end = this.#end ?? (await this.#findEnd());
    for (const part of byDay(batch)) {
      const today = dayOf(part[0]?.atMs ?? 0);
      if (end.day !== undefined && end.day < today) {
        await this.#rotate(end.day);
        end = { ...end, torn: false };
      }
      const lines: string[] = [];
      for (const entry of part) {
        const next = appendToChain(end, entry);
        lines.push(next.line);
        end = next.end;
      }
      await files.append(path, lines.join(''), { mode: AUDIT_MODE, sync: true });
    }
    this.#end = end;
  }

  async #findEnd(): Promise<ChainEnd> {
    const { files, path } = this.#options;
    await files.makeFolder(dirname(path), 0o755);
    const end = await findChainEnd(files, path);
    if (await files.facts(path)) await files.setMode(path, AUDIT_MODE);
    return end;
  }

  async #rotate(day: string): Promise<void> {
    const { files, path, clock, retentionMs, mayForget } = this.#options;
    await rotate(files, path, day);
    if (mayForget?.() !== false) await prune(files, path, { retentionMs, nowMs: clock.now() });
  }

  #warnOnce(error: unknown): void {
    if (this.#failing) return;
    this.#failing = true;
    this.#options.logger.warn('audit log cannot be written; records are lost until it can', {
      path: this.#options.path,
      error,
    });
  }
}

function lossOf(lost: number, batch: readonly Entry[]): Entry {
  return { atMs: batch[0]?.atMs ?? 0, event: 'audit_records_lost', details: { lost } };
}

function byDay(batch: readonly Entry[]): Entry[][] {
  const parts = new Map<string, Entry[]>();
  for (const entry of batch) {
    const day = dayOf(entry.atMs);
    parts.set(day, [...(parts.get(day) ?? []), entry]);
  }
  return [...parts.values()];
}
