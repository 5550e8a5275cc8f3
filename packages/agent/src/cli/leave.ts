import type { AgentContext } from '../app/agent-context.ts';
import { pinnedJobKeyOf } from '../app/compose-enrollment.ts';
import type { Settings } from '../config/load.ts';
import { type LeaveOutcome, leave } from '../leave/leave.ts';

/** Exit codes of `leave`, for scripts. */
const LEAVE_EXIT = { left: 0, failed: 1, untold: 2 } as const;

function believes(managerUrl: string | undefined, serial: string | undefined): string {
  return [
    `${managerUrl ?? 'The manager'} still lists this host and still believes in the certificate${serial ? ` with serial ${serial}` : ''}`,
    'until it expires. Its key does not exist any more, so nobody can use it; revoke it there all the same:',
    `  linux-patch-manager certificates revoke ${serial ?? 'SERIAL'} --reason cessationOfOperation`,
  ].join('\n');
}

function wordsOf(outcome: LeaveOutcome, { config, configFile }: Settings): readonly [number, string] {
  switch (outcome.kind) {
    case 'nothing':
      return [LEAVE_EXIT.left, 'This host has no identity and no request; there is nothing to leave.'];
    case 'agent_runs':
      return [
        LEAVE_EXIT.failed,
        `The agent (process ${outcome.pids.join(', ')}) could not be stopped, so nothing was wiped. Stop it and try again:\n  kill ${outcome.pids.join(' ')}`,
      ];
    case 'not_told':
      return [
        LEAVE_EXIT.failed,
        `The manager was not told: ${outcome.reason}.\nNothing was wiped. Try again later, or leave without telling it: linux-patch-api leave --force`.replaceAll(
          '..\n',
          '.\n',
        ),
      ];
    case 'left': {
      const { manager_url: manager, polling_token: token } = config.enrollment;
      const again =
        (manager
          ? `\n${configFile} still names the manager: the next start of the agent asks to join it anew.`
          : '') +
        (token
          ? `\n${configFile} still has an enrollment.polling_token; it is not used any more, remove the line.`
          : '');
      const gone = `This host has no identity any more: keys, certificates and requests are wiped.${again}`;
      return outcome.untold === undefined
        ? [LEAVE_EXIT.left, gone]
        : [
            LEAVE_EXIT.untold,
            `${gone}\nThe manager was not told: ${outcome.untold}\n${believes(outcome.managerUrl, outcome.serial)}`,
          ];
    }
  }
}

/** `leave`: leaves the manager and says what that means. Returns the exit code. */
export async function leaveManager(context: Omit<AgentContext, 'run'>, force: boolean): Promise<number> {
  const { host, settings, place, enrollment, time, report, program } = context;
  const { audit } = report;
  const forgetJobKey = () => pinnedJobKeyOf(context).forget();
  const outcome = await leave({ host, settings, place, enrollment, time, audit, forgetJobKey, force });
  const [exitCode, words] = wordsOf(outcome, settings);
  (exitCode === LEAVE_EXIT.left ? program.stdout : program.stderr)(`${words}\n`);
  return exitCode;
}
