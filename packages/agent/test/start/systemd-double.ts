import type { Commands } from '@linux-patch/runtime';
import { nodeCommands } from '@linux-patch/runtime/node';

/** What systemd is told, assignment by assignment; every other program is the real one. */
export function systemdDouble(): { readonly told: string[]; readonly commands: Commands } {
  const told: string[] = [];
  const real = nodeCommands();
  const end = { exitCode: 0, signal: null, stdout: '', stderr: '', timedOut: false, aborted: false };
  const run: Commands['run'] = (command) => {
    if (command.program !== 'systemd-notify') return real.run(command);
    told.push(...command.args);
    return Promise.resolve({ ...end, durationMs: 1 });
  };
  return { told, commands: { run } };
}
