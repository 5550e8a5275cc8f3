import type { Socket } from 'node:net';
import type { PatchError } from '@linux-patch/contract';

/** The way to the manager that commands are for. */
export interface Connection {
  /** What each call says beside what is asked. */
  readonly headers: Readonly<Record<string, string>>;
  /** A connection for one call, which nobody but the manager reads. @throws PatchError */
  connect(): Promise<Socket>;
  /** What it means that no answer came. */
  notAnswered(cause: unknown): PatchError;
}
