import {
  ACT_OUTCOMES,
  type ActOutcome,
  type FleetAct,
  MANAGER_ADMIN_ROUTES,
  MAX_ACT_SEARCH_CHARACTERS,
} from '@linux-patch/contract';
import { pastTime, renderFacts, renderTable } from '@linux-patch/runtime/printed';
import type { Command } from 'commander';
import { findHosts, HOSTS_HELP } from './choose-hosts.ts';
import { type CommandContext, print } from './command-context.ts';
import { type CommandLine, quietly } from './command-line.ts';
import { describePage, type Page, paged, pageQuery } from './page.ts';

const OUTCOMES: Readonly<Record<ActOutcome, string>> = {
  waiting: 'waiting for their turn',
  asked: 'asked, no answer yet',
  accepted: 'at work',
  completed: 'done',
  failed: 'FAILED',
  not_begun: 'not begun',
  not_asked: 'never asked',
  unknown: 'UNKNOWN',
};

function countWords({ counts }: FleetAct): string {
  const some = ACT_OUTCOMES.filter((one) => counts[one] > 0);
  return some.map((one) => `${counts[one]} ${OUTCOMES[one]}`).join(', ');
}

const what = ({ security_only: isSecurity }: FleetAct): string =>
  isSecurity ? 'security updates' : 'all updates';

function stopWords({ stopped_at, stopped_by }: FleetAct, nowMs: number): string {
  return stopped_at === null ? '' : `${pastTime(stopped_at, nowMs)} by ${stopped_by ?? 'somebody'}`;
}

/** `acts list` */
async function listActs(context: CommandContext, page: Page): Promise<void> {
  const data = await context.api.call(MANAGER_ADMIN_ROUTES.acts, { query: pageQuery(page) });
  const { nowMs } = context;
  print(context, data, () =>
    data.total === 0
      ? 'Nothing was asked of several hosts at once in the last two years.'
      : [
          renderTable(
            ['ACT', 'WHAT', 'HOSTS', 'ASKED', 'BY', 'STOPPED', 'STATE'],
            data.acts.map((act) => [
              act.id,
              what(act),
              String(act.hosts),
              pastTime(act.asked_at, nowMs),
              act.actor,
              stopWords(act, nowMs),
              countWords(act),
            ]),
          ),
          ...describePage(data.acts.length, data.total, page),
        ].join('\n'),
  );
}

function describeAct(act: FleetAct, nowMs: number): string {
  const stopped = stopWords(act, nowMs);
  return renderFacts([
    ['Act', act.id],
    ['What', what(act)],
    ['Hosts', `${act.hosts}: ${countWords(act)}`],
    ['Found by', act.search ?? 'nobody said'],
    ['Asked', `${pastTime(act.asked_at, nowMs)} by ${act.actor}`],
    ...(stopped === '' ? [] : [['Stopped', stopped] as const]),
    ['Its jobs', `linux-patch-manager jobs --act ${act.id}`],
  ]);
}

/** `acts show` */
async function showAct(context: CommandContext, id: string): Promise<void> {
  const act = await context.api.call(MANAGER_ADMIN_ROUTES.act, { params: { id } });
  print(context, act, () => describeAct(act, context.nowMs));
}

/** `acts start` */
async function startAct(
  context: CommandContext,
  reference: string,
  { security }: { readonly security?: boolean },
): Promise<void> {
  const hosts = await findHosts(context, reference, 'hosts:patch');
  const act = await context.api.call(MANAGER_ADMIN_ROUTES.startAct, {
    body: {
      operation: 'patch_apply',
      ...(security ? { security_only: true } : {}),
      hosts: hosts.map(({ id }) => id),
      ...(reference.length <= MAX_ACT_SEARCH_CHARACTERS ? { search: reference } : {}),
    },
  });
  print(context, act, () =>
    [
      `The manager asks ${hosts.length === 1 ? 'it' : `these ${hosts.length} hosts`} in turn from now on; "linux-patch-manager acts show ${act.id}" shows how it stands.`,
      describeAct(act, context.nowMs),
    ].join('\n'),
  );
}

/** `acts stop` */
async function stopAct(context: CommandContext, id: string): Promise<void> {
  const act = await context.api.call(MANAGER_ADMIN_ROUTES.stopAct, { params: { id } });
  print(context, act, () =>
    [
      'Stopped: hosts that were not asked yet stay as they are. What others have begun goes on; "linux-patch-manager cancel HOST JOB" ends one.',
      describeAct(act, context.nowMs),
    ].join('\n'),
  );
}

/** Adds `acts` to the command line. */
export function addActCommands({ program, add, run }: CommandLine): void {
  const acts = program
    .command('acts')
    .description('updates on many hosts at once: the manager asks them in turn, whoever goes away meanwhile');
  paged(add(acts, 'list', 'list them, the newest first')).action((options: Page, command: Command) =>
    run(
      command,
      quietly((context) => listActs(context, options)),
    ),
  );
  add(acts, 'start <hosts>', 'install what waits on hosts, each as it plans for itself when its turn comes')
    .option('--security', 'security updates only')
    .addHelpText('after', HOSTS_HELP)
    .action((reference: string, options: { readonly security?: boolean }, command: Command) =>
      run(
        command,
        quietly((context) => startAct(context, reference, options)),
      ),
    );
  for (const [usage, description, work] of [
    ['show <act>', 'show one, and how it stands on its hosts', showAct],
    ['stop <act>', 'ask no further host; what hosts have begun goes on', stopAct],
  ] as const)
    add(acts, usage, description).action((id: string, _options: object, command: Command) =>
      run(
        command,
        quietly((context) => work(context, id)),
      ),
    );
}
