import {
  isPatchError,
  type JobKeyState,
  type JobKeyStatus,
  MANAGER_ADMIN_ROUTES,
  PatchError,
} from '@linux-patch/contract';
import { jobKeyFingerprint, jobPublicKey } from '@linux-patch/pki';
import { pastTime, renderFacts } from '@linux-patch/runtime/printed';
import type { Command } from 'commander';
import { type CommandContext, print } from './command-context.ts';
import { type CommandLine, quietly } from './command-line.ts';

const STATES: Readonly<Record<JobKeyState, string>> = {
  pinned: 'take changes only when this key has signed them',
  behind: 'pin a key before it; they follow as soon as they are reached',
  foreign:
    'pin a key that was never this manager\'s and refuse its changes; "hosts list" names them. On each, as root: linux-patch-api trust-job-key FINGERPRINT',
  unreadable:
    'cannot read which key they pin, and refuse every change; "hosts list" names them. On each, as root: linux-patch-api trust-job-key FINGERPRINT',
  none: 'pin no key yet, or none by the word of their root; they take unsigned changes',
  unsupported: 'have an agent that knows of no job keys; they take unsigned changes. Upgrade it',
  unknown: 'were not asked yet',
};

function describe(status: JobKeyStatus, nowMs: number): string {
  const hosts = Object.entries(status.hosts).filter(([, number]) => number > 0);
  return [
    renderFacts([
      ['Job key', status.fingerprint],
      ['Since', pastTime(status.since, nowMs)],
      ...(status.former.length > 0 ? [['Before', status.former.toReversed().join(', ')] as const] : []),
    ]),
    ...(hosts.length > 0
      ? ['', ...hosts.map(([state, number]) => `${number} ${STATES[state as JobKeyState]}.`)]
      : []),
  ].join('\n');
}

/** `job-key show` */
async function showJobKey(context: CommandContext): Promise<void> {
  const data = await context.api.call(MANAGER_ADMIN_ROUTES.jobKey);
  print(context, data, () => describe(data, context.nowMs));
}

/** `job-key rotate` */
async function rotateJobKey(context: CommandContext): Promise<void> {
  const data = await context.api.call(MANAGER_ADMIN_ROUTES.rotateJobKey);
  print(context, data, () =>
    [
      describe(data, context.nowMs),
      '',
      'The key before it is gone. Hosts are told now; those that are off follow when they are back. Make a backup: a manager from an older one has the key before.',
    ].join('\n'),
  );
}

/** A running manager has the key in memory, also when its file is gone. */
async function requireStopped({ api }: CommandContext): Promise<void> {
  const answer = await api.call(MANAGER_ADMIN_ROUTES.jobKey).catch((error: unknown) => {
    if (isPatchError(error) && error.code === 'MANAGER_NOT_RUNNING') return undefined;
    throw error;
  });
  if (answer === undefined) return;
  throw new PatchError(
    'ALREADY_INITIALIZED',
    `The manager is running and has the job key ${answer.fingerprint}. Nothing was changed. For another key, and also when its file is gone, run 'linux-patch-manager job-key rotate': the key writes the next one into the file and signs it, so that hosts follow by themselves.`,
  );
}

/** `job-key make`: the word of the administrator that the key before is lost for good. */
async function makeLostJobKey(context: CommandContext): Promise<void> {
  await requireStopped(context);
  const { files, paths } = context;
  const { jobKeyFile, makeJobKey } = await import('../job-key/stored-key.ts');
  const path = jobKeyFile(paths.caFolder);
  if (await files.facts(path)) {
    throw new PatchError(
      'ALREADY_INITIALIZED',
      `There is a job key in ${path}. Nothing was changed. Start the manager; for another key run 'linux-patch-manager job-key rotate' then, which hosts follow by themselves. When the start says that it cannot be understood and there is no backup, move it away first.`,
    );
  }
  const { private_key } = await makeJobKey(context, paths.caFolder);
  const fingerprint = jobKeyFingerprint(jobPublicKey(private_key));
  print(context, { fingerprint }, () =>
    [
      `Job key  ${fingerprint}`,
      '',
      'Start the manager now: systemctl start linux-patch-manager. Hosts that pin the lost key refuse every change until root says on each of them:',
      `  linux-patch-api trust-job-key ${fingerprint}`,
      "'linux-patch-manager hosts list' shows them as FOREIGN JOB KEY until then. Make a backup.",
    ].join('\n'),
  );
}

/** Adds `job-key` to the command line. */
export function addJobKeyCommands({ program, add, run, runHere }: CommandLine): void {
  const jobKey = program.command('job-key').description('the key that signs what is asked of hosts');
  add(jobKey, 'show', 'show its fingerprint and which hosts pin it').action(
    (_options: object, command: Command) => run(command, quietly(showJobKey)),
  );
  add(jobKey, 'rotate', 'make another one, which the old one signs, so that hosts follow').action(
    (_options: object, command: Command) => run(command, quietly(rotateJobKey)),
  );
  add(jobKey, 'make', 'make another one when it is lost without a backup; hosts do not follow').action(
    (_options: object, command: Command) => runHere(command, quietly(makeLostJobKey)),
  );
}
