import { isPatchError, messageOf, PatchError } from '@linux-patch/contract';
import { type Command, type Commands, type Logger, printableLine } from '@linux-patch/runtime';

const TIMEOUT_MS = 30_000;
/** wall(1) shows one screen line or two. */
const MAX_REASONS_LENGTH = 200;

/** A reboot to come. */
export interface RebootPlan {
  readonly jobId: string;
  readonly delaySeconds: number;
  /** Clauses for people: why the host needs one. */
  readonly reasons: readonly string[];
}

/**
 * Reboots this host after the delay: recorded, logged, and announced to everybody who is logged in.
 * @throws PatchError `REBOOT_ERROR` when no program of the host would.
 */
export type Reboot = (plan: RebootPlan) => Promise<void>;

/** Where reboots are recorded. */
interface RebootRecord {
  record(event: 'reboot_scheduled' | 'reboot_failed', details: Readonly<Record<string, unknown>>): void;
  /** Resolves when everything recorded so far is on the disk, or could not be written. */
  flush(): Promise<void>;
}

/** What people on the host are told; one line, whoever wrote the reasons. */
function announcement({ jobId, reasons }: RebootPlan): string {
  const why = printableLine(reasons.join('; ')).slice(0, MAX_REASONS_LENGTH);
  return `Linux Patch (job ${jobId}) reboots this host${why === '' ? '' : `: ${why}`}. To cancel: shutdown -c`;
}

/**
 * Ways to reboot, tried in order until one is accepted. shutdown(8) counts whole minutes, tells all terminals and can be
 * cancelled; systemd's and reboot(8) are for hosts without it, when there is no delay.
 */
export function rebootCommands(plan: RebootPlan): Pick<Command, 'program' | 'args'>[] {
  const minutes = Math.ceil(plan.delaySeconds / 60);
  const when = minutes === 0 ? 'now' : `+${minutes}`;
  const shutdown = { program: 'shutdown', args: ['-r', when, announcement(plan)] };
  if (minutes > 0) return [shutdown];
  return [
    shutdown,
    { program: 'systemctl', args: ['--no-block', 'reboot'] },
    { program: 'reboot', args: [] },
  ];
}

async function start(commands: Commands, plan: RebootPlan): Promise<void> {
  const reasons: string[] = [];
  for (const command of rebootCommands(plan)) {
    try {
      const result = await commands.run({ ...command, timeoutMs: TIMEOUT_MS });
      if (result.exitCode === 0) return;
      reasons.push(`${command.program}: ${result.stderr.trim() || `exit code ${result.exitCode}`}`);
    } catch (error) {
      if (!isPatchError(error, 'COMMAND_NOT_FOUND')) throw error;
      reasons.push(messageOf(error));
    }
  }
  throw new PatchError('REBOOT_ERROR', `The reboot could not be started (${reasons.join('; ')}).`);
}

export function createReboot(doors: {
  readonly commands: Commands;
  readonly audit: RebootRecord;
  readonly logger: Logger;
}): Reboot {
  const { commands, audit, logger } = doors;
  return async (plan) => {
    const fields = { job: plan.jobId, delay_seconds: plan.delaySeconds, reasons: plan.reasons };
    logger.warn('Rebooting this host', fields);
    audit.record('reboot_scheduled', fields);
    // With no delay the host goes down at once; the record has to be on the disk before.
    await audit.flush();
    try {
      await start(commands, plan);
    } catch (error) {
      logger.error('The reboot could not be started', { job: plan.jobId, error });
      audit.record('reboot_failed', { job: plan.jobId, reason: messageOf(error) });
      throw error;
    }
  };
}
