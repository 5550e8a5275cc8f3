import type { z } from 'zod';
import { belowRoot, type PackageDoors } from '../doors.ts';
import type { DnfChange } from './change.ts';

/** What a generation of dnf is asked. Each answers in its own way, and all in the same form (`answers.ts`). */
export type DnfQuestion =
  | { readonly op: 'read' | 'offered' }
  | ({ readonly op: 'plan' } & DnfChange)
  | { readonly op: 'versions'; readonly names: readonly string[] }
  | { readonly op: 'providers' | 'detail'; readonly name: string }
  | { readonly op: 'files'; readonly wanted: readonly Nevra[] };

export interface Nevra {
  readonly name: string;
  readonly arch: string;
  /** Its epoch only where that is not 0. */
  readonly version: string;
}

/** @throws PatchError when dnf cannot say, or says something else than it was asked; a part of an answer is never taken */
export type AskDnf = <T>(
  question: DnfQuestion,
  options: { readonly answer: z.ZodType<T>; readonly signal?: AbortSignal | undefined },
) => Promise<T>;

/** The list of packages that an administrator keeps at their versions. */
export interface LockList {
  path(): Promise<string>;
  /** Patterns of names that it keeps at a version. */
  parse(text: string): string[];
}

/** What dnf is reached through. */
export interface DnfDoors extends PackageDoors {
  readonly ask: AskDnf;
  readonly locks: LockList;
  /** The folder below the root of what it downloaded. */
  readonly cache: string;
}

/** Where dnf keeps what it downloaded. */
export function cacheFolder(doors: Pick<DnfDoors, 'root' | 'cache'>): string {
  return belowRoot(doors, doors.cache);
}
