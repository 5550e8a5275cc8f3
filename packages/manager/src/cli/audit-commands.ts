import { type AuditRecord, type AuditVerification, MANAGER_ADMIN_ROUTES } from '@linux-patch/contract';
import type { Command } from 'commander';
import { offset, pageSize } from './arguments.ts';
import { type CommandContext, print } from './command-context.ts';
import { type CommandLine, quietly } from './command-line.ts';
import { EXIT } from './exit-codes.ts';
import { pastTime, renderTable } from './table.ts';

interface ListOptions {
  readonly actor?: string;
  readonly event?: string;
  readonly about?: string;
  readonly before?: number;
  readonly limit?: number;
}

function rowOf({ seq, at, actor, event, fields }: AuditRecord): string[] {
  return [String(seq), at, actor, event, JSON.stringify(fields)];
}

/** `audit list` */
async function listAudit(context: CommandContext, options: ListOptions): Promise<void> {
  const { actor, event, about, before, limit } = options;
  const query = { actor, event, about, before: before?.toString(), limit: limit?.toString() };
  const data = await context.api.call(MANAGER_ADMIN_ROUTES.listAudit, { query });
  print(context, data, () =>
    data.records.length === 0
      ? 'No records.'
      : [
          renderTable(['SEQ', 'AT', 'ACTOR', 'EVENT', 'FIELDS'], data.records.map(rowOf)),
          ...(data.next === null ? [] : [`Older ones: --before ${data.next}`]),
        ].join('\n'),
  );
}

/** What was found, one sentence a line. */
function describe({ records, last, fault, contains }: AuditVerification, nowMs: number): string[] {
  const whole =
    last === null
      ? 'No record is in the chain.'
      : `${records} records are as they were written; the last is number ${last.seq} (${pastTime(last.at, nowMs)}), with the hash`;
  return [
    ...(fault
      ? [
          `BROKEN at record ${fault.seq} of ${fault.at}: ${fault.why}. Somebody wrote to the database past the manager; what stands from there on proves nothing.`,
        ]
      : []),
    whole,
    ...(last === null ? [] : [last.hash]),
    ...(contains === null
      ? ['Note the hash elsewhere: "audit verify --contains HASH" tells later whether the end was cut off.']
      : []),
    ...(contains === true ? ['The record with the given hash is among them, and all before it.'] : []),
    ...(contains === false
      ? [
          'MISSING: no record has the given hash. The end was cut off, or this is another database than the one it was noted of.',
        ]
      : []),
  ];
}

/** `audit verify` */
async function verifyAudit(
  context: CommandContext,
  { contains }: { readonly contains?: string },
): Promise<number> {
  const data = await context.api.call(MANAGER_ADMIN_ROUTES.verifyAudit, { query: { contains } });
  print(context, data, () => describe(data, context.nowMs).join('\n'));
  return data.fault === null && data.contains !== false ? EXIT.done : EXIT.failed;
}

/** Adds `audit` to the command line. */
export function addAuditCommands({ program, add, run }: CommandLine): void {
  const audit = program.command('audit').description('the audit log: who did what');
  add(audit, 'list', 'list records, newest first')
    .option('--actor <actor>', 'only what this one did, for example person:ada')
    .option('--event <event>', 'only events of this name, for example enrollment_approved')
    .option('--about <text>', 'only records that hold this text, for example the name of a host')
    .option('--before <seq>', 'only records before this one', offset)
    .option('--limit <count>', 'how many records (default: 100)', pageSize)
    .action((options: ListOptions, command: Command) =>
      run(
        command,
        quietly((context) => listAudit(context, options)),
      ),
    );
  add(
    audit,
    'verify',
    'check that every record is as it was written and none is missing; exit code 1 when not',
  )
    .option('--contains <hash>', 'also that the record with this hash, noted earlier, is still there')
    .action((options: { readonly contains?: string }, command: Command) =>
      run(command, (context) => verifyAudit(context, options)),
    );
}
