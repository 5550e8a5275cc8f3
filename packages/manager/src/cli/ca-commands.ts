import {
  type AuthorityStatus,
  MANAGER_ADMIN_ROUTES,
  type RotationPhase,
  type RotationStep,
} from '@linux-patch/contract';
import { pastTime, relativeTime, renderFacts, renderTable, timeToCome } from '@linux-patch/runtime/printed';
import type { Command } from 'commander';
import { collect } from './arguments.ts';
import { type CommandContext, print } from './command-context.ts';
import { type CommandLine, quietly } from './command-line.ts';

/** Options of the steps of a rotation. */
export interface RotateOptions {
  readonly leaveBehind?: readonly string[];
  readonly force?: boolean;
  readonly compromised?: boolean;
}

const PHASES: Readonly<Record<RotationPhase, string>> = {
  standby: 'no rotation is under way',
  trust: '1 of 3: hosts learn to trust the new CA, which issues nothing yet',
  manager: "2 of 3: the manager's own certificates are from the new CA",
  hosts: '3 of 3: hosts get certificates of the new CA',
  rollback: 'rolling back: everything is issued by the old CA again',
};

const WHAT_NEXT: Readonly<Record<RotationPhase, string | undefined>> = {
  standby: undefined,
  trust: 'When all have followed: linux-patch-manager ca rotate continue',
  manager: 'When all have followed: linux-patch-manager ca rotate continue',
  hosts: 'When all have followed: linux-patch-manager ca rotate finish',
  rollback: 'When all have followed: linux-patch-manager ca rotate finish',
};

function authoritiesTable(status: AuthorityStatus, nowMs: number): string {
  return renderTable(
    ['CA', 'ROLE', 'ISSUES TO', 'HOSTS', 'ROOT ENDS', 'ISSUING CA ENDS', 'FINGERPRINT (PIN)'],
    status.authorities.map((ca) => [
      ca.id,
      ca.role,
      ca.issues_to.join(', ') || '-',
      String(ca.hosts),
      relativeTime(ca.root.not_after, nowMs),
      relativeTime(ca.issuing.not_after, nowMs),
      `${ca.fingerprint}${ca.pin_works ? '' : '  (a dead pin: hosts that have it cannot join)'}`,
    ]),
  );
}

function describe(status: AuthorityStatus, nowMs: number): string {
  const { laggards, phase } = status;
  const rotated = status.phase_since !== null;
  const facts: (readonly [string, string | null])[] = [
    ['Rotation', PHASES[phase]],
    ...(rotated ? [['Since', pastTime(status.phase_since, nowMs)] as const] : []),
    ...(rotated ? [['Followed', `${status.followed} of ${status.hosts} hosts`] as const] : []),
    [
      'Replace the root',
      status.rotation_due
        ? `NOW: linux-patch-manager ca rotate start (due ${relativeTime(status.rotation_due_at, nowMs)})`
        : relativeTime(status.rotation_due_at, nowMs),
    ],
    ...status.own_certificates.map(
      ({ name, authority, not_after }) =>
        [
          `Own certificate: ${name}`,
          `from ${authority}, ${timeToCome({ comes: 'ends', came: 'ended' }, not_after, nowMs)}`,
        ] as const,
    ),
  ];
  const behind =
    laggards.length === 0
      ? []
      : [
          '',
          renderTable(
            ['NOT FOLLOWED', 'WHY'],
            laggards.map(({ host, reason }) => [host, reason]),
          ),
        ];
  const next = WHAT_NEXT[phase];
  return [
    authoritiesTable(status, nowMs),
    '',
    renderFacts(facts),
    ...behind,
    ...(next ? ['', next] : []),
  ].join('\n');
}

/** `ca status` */
async function showAuthority(context: CommandContext): Promise<void> {
  const data = await context.api.call(MANAGER_ADMIN_ROUTES.authority);
  print(context, data, () => describe(data, context.nowMs));
}

/** `ca rotate start|continue|rollback|finish` */
async function rotateCa(context: CommandContext, step: RotationStep, options: RotateOptions): Promise<void> {
  const body = {
    step,
    leave_behind: options.force ? ('all' as const) : [...(options.leaveBehind ?? [])],
    compromised: options.compromised ?? false,
  };
  const data = await context.api.call(MANAGER_ADMIN_ROUTES.rotateCa, { body });
  print(context, data, () => describe(data, context.nowMs));
}

/** Adds `ca` to the command line. */
export function addCaCommands({ program, add, run }: CommandLine): void {
  const ca = program.command('ca').description('the certificate authority');
  add(ca, 'status', 'show the CAs with their fingerprints and dates, who uses them, and the rotation')
    .alias('show')
    .action((_options: object, command: Command) => run(command, quietly(showAuthority)));
  const rotate = ca.command('rotate').description('replace the root CA, step by step, without losing a host');
  const addStep = (step: RotationStep, description: string): Command =>
    add(rotate, step, description).action((options: RotateOptions, command: Command) =>
      run(
        command,
        quietly((context) => rotateCa(context, step, options)),
      ),
    );
  const skipping = (command: Command): Command =>
    command
      .option('--leave-behind <host>', 'go on without this host; may be repeated', collect)
      .option('--force', 'go on without every host that has not followed');
  addStep('start', 'make a new CA and tell hosts to trust it');
  add(rotate, 'status', 'the same as "ca status"').action((_options: object, command: Command) =>
    run(command, quietly(showAuthority)),
  );
  skipping(addStep('continue', 'go to the next phase, when every host has followed'));
  addStep('rollback', 'issue everything with the old CA again; possible until "finish"');
  skipping(addStep('finish', 'remove the CA that is not used any more and destroy its keys')).option(
    '--compromised',
    'its key is in wrong hands: its fingerprint must not let hosts join any more',
  );
}
