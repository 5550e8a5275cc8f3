import {
  type Host,
  type JobReboot,
  MANAGER_ADMIN_ROUTES,
  PatchError,
  type SystemInfo,
} from '@linux-patch/contract';
import { printableLine } from '@linux-patch/runtime';
import { enumerate, timeToCome } from '@linux-patch/runtime/printed';
import type { CommandContext } from './command-context.ts';
import { hostWords } from './counted-names.ts';
import { EXIT } from './exit-codes.ts';
import { isPassing } from './follow-job.ts';

const RETRY_MS = 5_000;
/** A host that is not back this long after its reboot was due needs a person. */
const BACK_LIMIT_MS = 30 * 60_000;
/** shutdown(8) counts whole minutes, and services take their time to stop. */
const GRACE_MS = 5 * 60_000;
/** How many hosts of several are named. */
const NAMED = 8;

function facts(context: CommandContext, host: string): Promise<SystemInfo> {
  return context.api.call(MANAGER_ADMIN_ROUTES.hostSystem, { params: { id: host } });
}

/** The same of a host that can be asked now; undefined of any other, and of an older agent that does not know. */
function factsIfThere(context: CommandContext, host: string): Promise<SystemInfo | undefined> {
  return facts(context, host).catch((error: unknown) => {
    if (isPassing(error)) return undefined;
    throw error;
  });
}

function delayWords(seconds: number): string {
  return seconds === 0 ? 'at once' : `${Math.ceil(seconds / 60)} min after the job`;
}

/** How a reboot is cancelled, as a sentence. */
export function cancelWords(delaySeconds: number): string {
  return delaySeconds === 0 ? '' : ' To cancel: "cancel-reboot" here, or "shutdown -c" on the host.';
}

/** When a host reboots, as a job that ended says; never later than the delay, however far ahead the host's clock is. */
export function describeDue({ due_at, delay_seconds }: JobReboot, nowMs: number): string {
  const dueMs = Math.min(Date.parse(due_at), nowMs + delay_seconds * 1000);
  const words = { comes: 'reboots', came: 'was to reboot, by its clock,' };
  return timeToCome(words, new Date(dueMs).toISOString(), nowMs);
}

/** What `--reboot` will mean on several hosts, by what is on record of them. */
export function describeReboots(
  hosts: readonly Host[],
  { delaySeconds, wait, parallel }: { delaySeconds: number; wait: boolean; parallel: number },
): string {
  const named = (ones: readonly Host[]) =>
    enumerate(
      ones.map(({ fqdn }) => fqdn),
      NAMED,
    );
  const needing = hosts.filter(({ reboot }) => reboot.needed === true);
  const unknown = hosts.filter(({ reboot }) => reboot.needed === null);
  const already = [
    ...(needing.length > 0 ? [`${hostWords(needing.length)}: ${named(needing)}`] : []),
    ...(unknown.length > 0 ? [`not known of ${hostWords(unknown.length)}`] : []),
  ];
  return printableLine(
    `${hostWords(hosts.length)} (${named(hosts)}): each that needs a reboot when its job is done reboots ${delayWords(delaySeconds)}, also when nothing has to be installed. ` +
      `Need one already, as they last said: ${already.join('; ') || 'none'}.${cancelWords(delaySeconds)} ` +
      (wait
        ? `At most ${hostWords(parallel)} at a time, each until it is back.`
        : 'Nobody waits for these reboots.'),
  );
}

/** Says what `--reboot` will mean on this host, before anything is done. Returns the boot that it runs in now. */
export async function announceReboot(
  context: CommandContext,
  host: string,
  delaySeconds: number,
): Promise<string | null> {
  // A host that cannot be asked says so when it gets the job.
  const now = await factsIfThere(context, host);
  const { pending_reboot: pending = false, reboot_reasons: reasons = [], boot_id = null } = now ?? {};
  const cancel = cancelWords(delaySeconds);
  const why = reasons.length === 0 ? '' : ` (${reasons.join('; ')})`;
  context.stderr(
    pending
      ? `${host} needs a reboot already${why}: it reboots ${delayWords(delaySeconds)}, also when nothing has to be installed.${cancel}\n`
      : `If the updates need it, ${host} reboots ${delayWords(delaySeconds)}.${cancel}\n`,
  );
  return boot_id;
}

/** The boot that a host runs in now; null of one that cannot be asked, and of an older agent. */
export async function bootOf(context: CommandContext, host: string): Promise<string | null> {
  return (await factsIfThere(context, host))?.boot_id ?? null;
}

/** The reboot of a host that a job announced, and the boot before it. */
interface ComingReboot {
  readonly reboot: JobReboot;
  readonly bootId: string | null;
}

/** How waiting for a reboot ended, after the name of the host. */
export const REBOOT_ENDS = {
  back: 'is back',
  did_not_reboot: 'did not reboot: somebody cancelled it, or it hangs. The job itself is done',
  not_known: 'does not say in which boot it runs, so its reboot is not waited for',
  left: 'is to reboot, and is not waited for any more',
};

/**
 * Waits until a host is back from a reboot: until its agent answers from another boot.
 * @throws PatchError `AGENT_UNREACHABLE` when it does not come back.
 */
export async function waitForReboot(
  context: CommandContext,
  host: string,
  { reboot, bootId }: ComingReboot,
): Promise<keyof typeof REBOOT_ENDS> {
  if (bootId === null) return 'not_known';
  const dueMs = context.clock.monotonicMs() + reboot.delay_seconds * 1000;
  while (!context.signal.aborted) {
    const now = await factsIfThere(context, host);
    if (now && now.boot_id !== bootId) return 'back';
    const lateMs = context.clock.monotonicMs() - dueMs;
    if (now && lateMs > GRACE_MS) return 'did_not_reboot';
    if (lateMs > BACK_LIMIT_MS) {
      throw new PatchError(
        'AGENT_UNREACHABLE',
        `${host} is not back ${BACK_LIMIT_MS / 60_000} min after its reboot was due. Look at its screen.`,
      );
    }
    await context.clock.sleep(RETRY_MS, context.signal).catch(() => {});
  }
  return 'left';
}

/**
 * Waits for the reboot of a single host, and says how that goes. Returns the exit code.
 * @throws PatchError as `waitForReboot` does
 */
export async function followReboot(
  context: CommandContext,
  host: string,
  coming: ComingReboot,
): Promise<number> {
  if (coming.bootId !== null)
    context.stderr(
      `Waiting for ${host} to reboot (due ${coming.reboot.due_at} by its clock) and to come back.\n`,
    );
  const end = await waitForReboot(context, host, coming);
  context.stderr(`${host} ${REBOOT_ENDS[end]}.\n`);
  return end === 'back' || end === 'not_known' ? EXIT.done : EXIT.failed;
}
