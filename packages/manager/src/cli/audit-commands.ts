import {
  type AuditRecord,
  type AuditVerification,
  MANAGER_ADMIN_ROUTES,
  PatchError,
} from '@linux-patch/contract';
import { pastTime, renderTable } from '@linux-patch/runtime/printed';
import { type Command, Option } from 'commander';
import { offset, pageSize } from './arguments.ts';
import { type CommandContext, print } from './command-context.ts';
import { type CommandLine, quietly } from './command-line.ts';
import { EXIT } from './exit-codes.ts';

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
function describe(
  { records, last, fault, sealed_to: sealedTo, contains }: AuditVerification,
  nowMs: number,
): string[] {
  const whole =
    last === null
      ? 'No record is in the chain.'
      : `${records} records are as they were written; the last is number ${last.seq} (${pastTime(last.at, nowMs)}), with the hash`;
  return [
    ...(sealedTo === null || fault
      ? []
      : [
          `Records up to number ${sealedTo} are in files ("audit list --event audit_sealed" names them, "audit verify --file FILE" checks one).`,
        ]),
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
          `MISSING: no record has the given hash. The end was cut off, or this is another database than the one it was noted of${sealedTo === null ? '' : ', or the record is in a file by now'}.`,
        ]
      : []),
  ];
}

/** The record of the log that says a record with this hash is the last of a file. */
async function findSeal(context: CommandContext, hash: string): Promise<AuditRecord | undefined> {
  const query = { event: 'audit_sealed', about: hash };
  const { records } = await context.api.call(MANAGER_ADMIN_ROUTES.listAudit, { query });
  return records.find(({ fields }) => fields.last_hash === hash);
}

/** `audit verify --file FILE` */
async function verifyFile(context: CommandContext, path: string): Promise<number> {
  const data = await context.files.readBytes(path);
  if (!data) throw new PatchError('INVALID_REQUEST', `There is no file ${path}.`);
  const { unpackRecords } = await import('../audit/sealed-file.ts');
  const { followChain } = await import('../audit/verify.ts');
  const { records, first, last, fault } = await followChain(await unpackRecords(data, path));
  const seal = last && (await findSeal(context, last.hash));
  const answer = {
    records,
    first: first?.seq ?? null,
    last: last?.seq ?? null,
    fault,
    named_by: seal?.seq ?? null,
  };
  print(context, answer, () => {
    if (fault)
      return `BROKEN at record ${fault.seq}: ${fault.why}. The file was changed after it was written.`;
    const what = `${records} records, ${answer.first} to ${answer.last}, are as they were written`;
    return seal
      ? `${what}, and record ${seal.seq} of the log names the last of them.`
      : `${what}, but NO record of the log names the last of them: the file was cut off or made anew as a whole, or is of another manager.`;
  });
  return fault === null && seal ? EXIT.done : EXIT.failed;
}

/** `audit verify` */
async function verifyAudit(
  context: CommandContext,
  { contains, file }: { readonly contains?: string; readonly file?: string },
): Promise<number> {
  if (file !== undefined) return verifyFile(context, file);
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
    .addOption(
      new Option(
        '--file <path>',
        'instead, a file of records that left the log because of their age',
      ).conflicts('contains'),
    )
    .action((options: { readonly contains?: string; readonly file?: string }, command: Command) =>
      run(command, (context) => verifyAudit(context, options)),
    );
}
