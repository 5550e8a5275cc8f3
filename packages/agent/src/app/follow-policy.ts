import { messageOf, type PolicyOperation } from '@linux-patch/contract';
import { type Clock, type Files, type FollowedFiles, followFiles, type Logger } from '@linux-patch/runtime';
import { isFaulty, readPolicy } from '@linux-patch/worker';
import type { AuditLog } from '../audit/audit-log.ts';

interface FollowOptions {
  /** Of the policy. */
  readonly path: string;
  readonly files: Files;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly audit: AuditLog;
}

/** What the agent says about the policy of the host; each change reads the file by itself. */
export interface PolicyWatch extends AsyncDisposable, Pick<FollowedFiles, 'reload'> {
  /** `ok`, or why every change is denied. */
  readonly health: string;
  /** What it lets managers ask for; undefined where nobody could look at it. */
  readonly allows: readonly PolicyOperation[] | undefined;
}

/** Follows `policy.yaml`, so that a faulty one is told at once and not by the next change alone. */
export async function followPolicy(options: FollowOptions): Promise<PolicyWatch> {
  const { path, files, clock, logger } = options;
  let health = 'ok';
  let allows: PolicyWatch['allows'];
  let told: string | undefined;
  const look = async (): Promise<void> => {
    const reading = await readPolicy({ files, path });
    allows = isFaulty(reading) ? [] : reading.values.allowed_operations;
    if (isFaulty(reading)) {
      const [first] = reading.faults;
      health = `${path} cannot be relied on and every change is denied: ${first}`;
      report(options, reading.faults, told);
      told = reading.faults.join('\n');
      return;
    }
    health = 'ok';
    const inForce = JSON.stringify([reading.written, reading.values]);
    if (told !== undefined && told !== inForce) reportChange(options);
    told = inForce;
  };
  const failed = (error: unknown): void => {
    health = `${path} cannot be looked at: ${messageOf(error)}`;
    allows = undefined;
  };
  const followed = followFiles({ files, clock, logger, paths: [path], look, failed });
  await followed.reload();
  return {
    get health() {
      return health;
    },
    get allows() {
      return allows;
    },
    reload: () => followed.reload(),
    [Symbol.asyncDispose]: () => followed[Symbol.asyncDispose](),
  };
}

function report(
  { logger, audit, path }: FollowOptions,
  faults: readonly string[],
  told: string | undefined,
): void {
  const reason = faults.join('\n');
  if (reason === told) return;
  logger.error('The policy of this host cannot be relied on; every change is denied until it is mended', {
    path,
    faults,
  });
  audit.record('policy_refused', { reason });
}

function reportChange({ logger, audit, path }: FollowOptions): void {
  logger.info('The policy of this host changed and counts from now on', { path });
  audit.record('policy_changed', { file: path });
}
