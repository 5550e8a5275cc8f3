import { isPatchError, messageOf, PatchError } from '@linux-patch/contract';
import type { Command, Commands } from '@linux-patch/runtime';

const TIMEOUT_MS = 30_000;

/** Reboots this host. @throws PatchError `REBOOT_ERROR` when no program of the host would. */
export type Reboot = (delaySeconds: number) => Promise<void>;

/**
 * Ways to reboot, tried in order until one is accepted: systemd's, shutdown(8) which counts whole minutes, and
 * reboot(8) for hosts that have neither.
 */
export function rebootCommands(delaySeconds: number): Pick<Command, 'program' | 'args'>[] {
  const minutes = Math.ceil(delaySeconds / 60);
  const shutdown = { program: 'shutdown', args: ['-r', minutes === 0 ? 'now' : `+${minutes}`] };
  if (minutes > 0) return [shutdown];
  return [
    { program: 'systemctl', args: ['--no-block', 'reboot'] },
    shutdown,
    { program: 'reboot', args: [] },
  ];
}

export function createReboot(commands: Commands): Reboot {
  return async (delaySeconds) => {
    const reasons: string[] = [];
    for (const command of rebootCommands(delaySeconds)) {
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
  };
}
