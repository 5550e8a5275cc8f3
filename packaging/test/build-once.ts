import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { buildInto } from './built.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Folder with the packages of both programs for both architectures, in every format. */
    readonly packages: string;
    /** What their builder said. */
    readonly said: string;
  }
}

let folder: string | undefined;

/** Builds the packages that all files of tests look at. */
export function setup(project: TestProject): void {
  folder = mkdtempSync(join(tmpdir(), 'linux-patch-packages-'));
  const packages = join(folder, 'first');
  mkdirSync(packages);
  project.provide('said', buildInto(packages));
  project.provide('packages', packages);
}

export function teardown(): void {
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
}
