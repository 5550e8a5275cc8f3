import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Where Debian's package libfaketime puts its library, below a folder named after the architecture. */
const LIBRARIES = '/usr/lib';

function library(): string {
  for (const triplet of readdirSync(LIBRARIES)) {
    const folder = join(LIBRARIES, triplet, 'faketime');
    const found = tryList(folder).find((name) => name === 'libfaketimeMT.so.1');
    if (found) return join(folder, found);
  }
  throw new Error(
    'libfaketime is not installed; the suite installs it as root with apt-get install faketime',
  );
}

function tryList(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Environment of a program that lives in another time; only the calendar moves, the monotonic clock does not. */
export function shiftedClock(days: number): Readonly<Record<string, string>> {
  const sign = days < 0 ? '-' : '+';
  return {
    LD_PRELOAD: library(),
    FAKETIME: `${sign}${Math.abs(days)}d`,
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
  };
}

/** The same with the time in a file, which the program reads again and again: `+0` is the right one. */
export function movableClock(file: string): Readonly<Record<string, string>> {
  return {
    LD_PRELOAD: library(),
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_NO_CACHE: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
  };
}
