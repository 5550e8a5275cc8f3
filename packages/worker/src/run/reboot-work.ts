import { PatchError } from '@linux-patch/contract';
import { printableLine } from '@linux-patch/runtime';
import type { WorkOutcome } from '../jobs/executor-interface.ts';
import type { JobRequest } from '../jobs/job-request.ts';
import type { RunHost } from './host.ts';
import type { RunReport } from './report.ts';

const TIMEOUT_MS = 30_000;
/** What systemd has planned (systemd-logind.service(8)); not there when nothing is. */
const SCHEDULED = '/run/systemd/shutdown/scheduled';
/** There where systemd is the system's own (sd_booted(3)). */
const SYSTEMD = '/run/systemd/system';

type RebootHost = Pick<RunHost, 'root' | 'files' | 'commands'>;

/** Under a private root the packages are not those of this host, and the host is nobody's to reboot. */
function requireOwnHost({ root }: Pick<RebootHost, 'root'>): void {
  if (root === '/') return;
  throw new PatchError(
    'NOT_SUPPORTED',
    'This agent manages a private package root; the host that it runs on is not rebooted. Nothing was done.',
  );
}

/**
 * What a reboot that somebody asks for comes to before it is scheduled.
 * @param isBootedSince whether the host was started anew since it was asked for
 */
export async function rebootWork(
  host: RebootHost,
  { reason }: Extract<JobRequest, { operation: 'reboot' }>,
  isBootedSince: () => Promise<boolean>,
): Promise<WorkOutcome> {
  requireOwnHost(host);
  if (await isBootedSince())
    return { message: 'Nothing was done: this host was started anew since the reboot was asked for' };
  return {
    message: 'A reboot was asked for',
    reboot: { required: true, reasons: reason === undefined ? [] : [reason] },
  };
}

/** Who has a host switched off gets what they want. @throws PatchError `REBOOT_ERROR` */
function requireReboot(planned: string): void {
  const mode = /^MODE=(.*)$/m.exec(planned)?.[1] ?? 'unknown';
  if (/reboot|kexec/.test(mode)) return;
  throw new PatchError(
    'REBOOT_ERROR',
    printableLine(
      `No reboot was to come: what is planned on this host is "${mode}", which is not cancelled. Who wants that cancelled runs "shutdown -c" there.`,
    ),
  );
}

/** Cancels what is planned, by whomever (shutdown(8)). @throws PatchError `REBOOT_ERROR` when that cannot be done */
export async function cancelReboot(
  host: RebootHost,
  jobId: string,
  say: (report: Extract<RunReport, { t: 'audit' }>) => void,
): Promise<WorkOutcome> {
  requireOwnHost(host);
  const { files, commands } = host;
  // The program itself says nothing of what it cancels there.
  if ((await files.facts(SYSTEMD)) !== undefined) {
    const planned = (await files.facts(SCHEDULED)) && (await files.readText(SCHEDULED));
    if (planned === undefined) return { message: 'No reboot was to come, so none was cancelled' };
    requireReboot(planned);
  }
  const { exitCode, stderr } = await commands.run({
    program: 'shutdown',
    args: ['-c', `Linux Patch (job ${jobId}) has cancelled the reboot of this host`],
    timeoutMs: TIMEOUT_MS,
  });
  if (exitCode !== 0)
    throw new PatchError(
      'REBOOT_ERROR',
      printableLine(
        `The reboot could not be cancelled (shutdown -c: ${stderr.trim() || `exit code ${exitCode}`}).`,
      ),
    );
  say({ t: 'audit', event: 'reboot_cancelled', details: { job: jobId } });
  return { message: 'The reboot was cancelled' };
}
