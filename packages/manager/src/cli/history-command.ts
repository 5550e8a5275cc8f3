import { MANAGER_ADMIN_ROUTES } from '@linux-patch/contract';
import { renderTable } from '@linux-patch/runtime/printed';
import type { Command } from 'commander';
import { historyDays } from './arguments.ts';
import { type CommandContext, print } from './command-context.ts';
import { type CommandLine, quietly } from './command-line.ts';

/** `hosts history` */
async function showHistory(context: CommandContext, options: { readonly days?: number }): Promise<void> {
  const query = { days: options.days?.toString() };
  const data = await context.api.call(MANAGER_ADMIN_ROUTES.fleetHistory, { query });
  print(context, data, () => {
    if (data.days.length === 0)
      return 'No day is on record yet; the manager keeps the first within an hour of its start.';
    const rows = data.days.map(({ day, certificates, ...one }) =>
      [
        day,
        one.hosts,
        one.current,
        one.behind,
        one.unknown,
        one.security,
        one.updates,
        one.security_updates,
        certificates.none + certificates.expired,
        certificates.week,
        certificates.month,
      ].map(String),
    );
    return renderTable(
      [
        'DAY',
        'HOSTS',
        'CURRENT',
        'BEHIND',
        'UNKNOWN',
        'FOR SECURITY',
        'UPDATES',
        'SECURITY',
        'NO CERTIFICATE',
        '< 7 DAYS',
        '< 30 DAYS',
      ],
      rows,
    );
  });
}

/** Adds how the fleet fared to the command line. */
export function addHistoryCommand(hosts: Command, { add, run }: CommandLine): void {
  add(
    hosts,
    'history',
    'how the fleet fared on each of the last days: hosts, what waited, and certificates that ended soon',
  )
    .option('--days <count>', 'how many days (default: 90)', historyDays)
    .action((options: { days?: number }, command: Command) =>
      run(
        command,
        quietly((context) => showHistory(context, options)),
      ),
    );
}
