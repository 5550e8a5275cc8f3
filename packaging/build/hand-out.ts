import { copyFileSync, renameSync, rmSync } from 'node:fs';

/** Puts a package that is made where people take it, whole or not at all, also on another file system (rename(2): EXDEV). */
export function handOut(made: string, file: string): void {
  copyFileSync(made, `${file}.new`);
  renameSync(`${file}.new`, file);
  rmSync(made);
}
