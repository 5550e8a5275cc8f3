import { messageOf } from '@linux-patch/contract';
import { followFile } from '@linux-patch/runtime';
import { isFaulty, readPolicy } from '@linux-patch/worker';
import type { AgentContext } from './agent-context.ts';

type Context = Pick<AgentContext, 'files' | 'clock' | 'logger' | 'audit' | 'paths'>;

/** What the agent says about the policy of the host; each change reads the file by itself. */
export interface PolicyWatch extends AsyncDisposable {
  /** `ok`, or why every change is denied. */
  readonly health: string;
  /** Looks now, as on SIGHUP; never rejects. */
  reload(): Promise<void>;
}

/** Follows `policy.yaml`, so that a faulty one is told at once and not by the next change alone. */
export async function followPolicy(context: Context): Promise<PolicyWatch> {
  const { policyFile: path } = context.paths;
  let health = 'ok';
  let told: string | undefined;
  let work = Promise.resolve();
  const look = async (): Promise<void> => {
    const reading = await readPolicy({ files: context.files, path });
    if (isFaulty(reading)) {
      const [first] = reading.faults;
      health = `${path} cannot be relied on and every change is denied: ${first}`;
      report(context, reading.faults, told);
      told = reading.faults.join('\n');
      return;
    }
    health = 'ok';
    const inForce = JSON.stringify([reading.written, reading.values]);
    if (told !== undefined && told !== inForce) reportChange(context);
    told = inForce;
  };
  const reload = (): Promise<void> => {
    work = work.then(look).catch((error: unknown) => {
      health = `${path} cannot be looked at: ${messageOf(error)}`;
    });
    return work;
  };
  await reload();
  const follower = followFile({ ...context, path, changed: () => void reload() });
  return {
    get health() {
      return health;
    },
    reload,
    async [Symbol.asyncDispose]() {
      await follower[Symbol.asyncDispose]();
      await work;
    },
  };
}

function report(
  { logger, audit, paths }: Context,
  faults: readonly string[],
  told: string | undefined,
): void {
  const reason = faults.join('\n');
  if (reason === told) return;
  const path = paths.policyFile;
  logger.error('The policy of this host cannot be relied on; every change is denied until it is mended', {
    path,
    faults,
  });
  audit.record('policy_refused', { reason });
}

function reportChange({ logger, audit, paths }: Context): void {
  logger.info('The policy of this host changed and counts from now on', { path: paths.policyFile });
  audit.record('policy_changed', { file: paths.policyFile });
}
