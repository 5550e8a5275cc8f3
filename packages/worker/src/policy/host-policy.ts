import type { Files } from '@linux-patch/runtime';
import type { ChangePolicy, ChangeRules } from '../package-interface/change-policy.ts';
import { judgeAsked, judgeMoment, judgeReading, judgeSteps, looksAtSteps, type Moment } from './judge.ts';
import { ownClockFault } from './own-clock.ts';
import { isFaulty, type PolicyReading } from './policy.ts';
import { readPolicy } from './read.ts';
import { readTimeZone } from './time-zone.ts';

export interface HostPolicyOptions {
  readonly files: Files;
  /** `policy.yaml` */
  readonly path: string;
  /** The folder below which the host lies; `/` on a real one. */
  readonly root: string;
  /** Why others do not believe the clock now; that they do is not asked for. */
  readonly clockFault?: () => string | undefined;
}

/** The policy as it lies on disk whenever it is asked. */
export function openHostPolicy(options: HostPolicyOptions): ChangePolicy {
  const { files, root, clockFault = () => undefined } = options;
  return {
    async read() {
      const reading = await readPolicy(options);
      const hostZone = await readTimeZone(files, root).catch(() => undefined);
      return rulesOf(reading, (epochMs) => ({
        epochMs,
        hostZone,
        clockFault: clockFault() ?? ownClockFault(epochMs),
      }));
    },
  };
}

function rulesOf(reading: PolicyReading, momentOf: (epochMs: number) => Moment): ChangeRules {
  if (isFaulty(reading)) {
    const refuse = () => judgeReading(reading);
    // Nothing stays out of a change for it: the change as a whole is denied.
    const pass = () => undefined;
    return {
      looksAtSteps: true,
      refuseAsked: refuse,
      refuseSteps: pass,
      refuseMoment: refuse,
    };
  }
  return {
    looksAtSteps: looksAtSteps(reading),
    refuseAsked: (asked) => judgeAsked(reading, asked),
    refuseSteps: (steps) => judgeSteps(reading, steps),
    refuseMoment: (epochMs) => judgeMoment(reading, momentOf(epochMs)),
  };
}
