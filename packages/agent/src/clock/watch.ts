import { join } from 'node:path';
import { RELEASED_AT_MS } from '@linux-patch/contract';
import { findAuthentic, findOwn } from '../identity/revocation/list.ts';
import { META_FILE } from '../identity/store/identity-meta.ts';
import { readMaterial } from '../identity/store/material.ts';
import { currentLink, storeFolder } from '../identity/store/paths.ts';
import type { IdentityPlace } from '../identity/store/read.ts';
import {
  type ClockBound,
  type ClockEvidence,
  type ClockReading,
  type ClockVerdict,
  clockState,
  managerTimeMs,
} from './state.ts';

/** Compares the clock of this host with everything that is known about the time. */
export interface ClockWatch {
  readonly verdict: ClockVerdict;
  /** What time it is for the manager, when it proved itself since the clock was last moved. */
  readonly managerNowMs: number | undefined;
  /** Reads again what lies on this host. */
  look(): Promise<void>;
  /** Takes the `Date` of an answer of the proven manager. */
  heard(dateMs: number): void;
  /** Compares wall and monotonic clock; whether the wall clock was moved since the last time. */
  compare(): boolean;
  /** Resolves when the clock was moved, or when the signal aborts. */
  moved(signal: AbortSignal): Promise<void>;
}

/** Less than this is what clocks are slewed by, and what a busy machine loses. */
const MOVED_MS = 60_000;

/** What cannot be read says nothing about the time. Nothing is judged: the identity is, right after, by its own rules. */
async function boundsOf({ files, paths }: IdentityPlace): Promise<ClockBound[]> {
  const material = await readMaterial(files, paths).catch(() => undefined);
  const own = material && findOwn(material);
  const list = material && findAuthentic(material.crlPem, material);
  return [
    { what: 'this program', atMs: RELEASED_AT_MS },
    ...(own ? [{ what: "this host's certificate", atMs: own.notBeforeMs }] : []),
    ...(list ? [{ what: 'the revocation list', atMs: list.thisUpdateMs }] : []),
  ];
}

async function lastWrittenMs(
  { files, paths: certificates }: IdentityPlace,
  dataFolder: string,
): Promise<number | undefined> {
  const generation = await files.readLink(currentLink(certificates)).catch(() => undefined);
  const paths = [
    join(dataFolder, 'enrollment.json'),
    join(dataFolder, 'state/cache.json'),
    certificates.crl,
    ...(generation === undefined ? [] : [join(storeFolder(certificates), generation, META_FILE)]),
  ];
  const facts = await Promise.all(paths.map((path) => files.facts(path).catch(() => undefined)));
  const times = facts.flatMap((one) => (one?.kind === 'file' ? [one.modifiedMs] : []));
  return times.length === 0 ? undefined : Math.max(...times);
}

/** Begins to watch the clock. What lies on the host is read by `look`. */
export function createClockWatch(place: IdentityPlace, dataFolder: string): ClockWatch {
  const { clock } = place;
  const read = (): ClockReading => ({ wallMs: clock.now(), monotonicMs: clock.monotonicMs() });
  const waiting = new Set<() => void>();
  let last = read();
  let evidence: ClockEvidence = {
    bounds: [{ what: 'this program', atMs: RELEASED_AT_MS }],
    lastWrittenMs: undefined,
    manager: undefined,
    movedMs: undefined,
  };
  return {
    get verdict() {
      return clockState(read(), evidence);
    },
    get managerNowMs() {
      return managerTimeMs(evidence, read());
    },
    async look() {
      evidence = {
        ...evidence,
        bounds: await boundsOf(place),
        lastWrittenMs: await lastWrittenMs(place, dataFolder),
      };
    },
    heard(dateMs) {
      evidence = { ...evidence, manager: { dateMs, monotonicMs: clock.monotonicMs() }, movedMs: undefined };
    },
    compare() {
      const now = read();
      const movedMs = now.wallMs - last.wallMs - (now.monotonicMs - last.monotonicMs);
      last = now;
      if (Math.abs(movedMs) < MOVED_MS) return false;
      // A host that slept has a monotonic clock that stood still; then the manager's time has to be asked for again.
      if (!evidence.manager || clockState(now, evidence).state !== 'ok')
        evidence = { ...evidence, manager: undefined, movedMs };
      for (const wake of waiting) wake();
      return true;
    },
    async moved(signal) {
      if (signal.aborted) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.add(resolve);
      signal.addEventListener('abort', () => resolve(), { once: true });
      await promise;
      waiting.delete(resolve);
    },
  };
}
