import { PatchError } from '@linux-patch/contract';
import { pastTime, renderFacts } from '@linux-patch/runtime/printed';
import type { Command } from 'commander';
import type { Key, Lock } from '../backup/archive.ts';
import { noRoom } from '../backup/make-room.ts';
import type { BackupManifest } from '../backup/manifest.ts';
import { collect } from './arguments.ts';
import { type CommandContext, print } from './command-context.ts';
import { type CommandLine, quietly } from './command-line.ts';
import { isRunning } from './database-commands.ts';
import { firstLine } from './first-line.ts';

const PASSPHRASE_HELP = 'file whose first line is the passphrase; - for standard input; else it is asked for';
/** As long as five words or what a password manager makes; the file is the fleet. */
const SHORTEST_PASSPHRASE = 12;

async function askPassphrase(context: CommandContext, question: string): Promise<string> {
  if (context.ask) return context.ask(question, context.signal, { hidden: true });
  throw new PatchError(
    'INVALID_REQUEST',
    'Say what locks the backup: --recipient KEY, or --passphrase-file FILE; only on a terminal it can be asked for.',
  );
}

async function chooseLock(
  context: CommandContext,
  { recipient, passphraseFile }: { readonly recipient?: readonly string[]; readonly passphraseFile?: string },
): Promise<Lock> {
  const { isRecipient } = await import('../backup/archive.ts');
  const faulty = recipient?.find((one) => !isRecipient(one));
  if (faulty !== undefined) {
    throw new PatchError(
      'INVALID_REQUEST',
      `${faulty} is no public key of age: age-keygen prints one, which begins with age1. Nothing was written.`,
    );
  }
  if (recipient) return { recipients: recipient };
  const passphrase = passphraseFile
    ? await firstLine(context, passphraseFile, 'passphrase')
    : await askPassphrase(context, 'Passphrase of the backup (not shown): ');
  if (passphrase.length < SHORTEST_PASSPHRASE) {
    throw new PatchError(
      'INVALID_REQUEST',
      `The passphrase has fewer than ${SHORTEST_PASSPHRASE} characters, and whoever guesses it owns the fleet. Nothing was written.`,
    );
  }
  const again = passphraseFile ? passphrase : await askPassphrase(context, 'The same again: ');
  if (again === passphrase) return { passphrase };
  throw new PatchError('INVALID_REQUEST', 'The two passphrases are not the same. Nothing was written.');
}

/** Keys in the form of `age-keygen`: one a line, with comments. */
async function readIdentities(context: CommandContext, file: string): Promise<Key> {
  const lines = ((await context.files.readText(file)) ?? '').split(/\r?\n/);
  const identities = lines.map((line) => line.trim()).filter((line) => line.startsWith('AGE-SECRET-KEY-'));
  if (identities.length > 0) return { identities };
  throw new PatchError('INVALID_REQUEST', `${file} holds no key: a line that begins with AGE-SECRET-KEY-.`);
}

async function chooseKey(
  context: CommandContext,
  { identityFile, passphraseFile }: { readonly identityFile?: string; readonly passphraseFile?: string },
): Promise<Key> {
  if (identityFile) return readIdentities(context, identityFile);
  if (passphraseFile) return { passphrase: await firstLine(context, passphraseFile, 'passphrase') };
  return { passphrase: await askPassphrase(context, 'Passphrase of the backup (not shown): ') };
}

function factsOf(manifest: BackupManifest): (readonly [string, string])[] {
  return [
    ['CA fingerprint', manifest.ca_fingerprint],
    ['Hosts', String(manifest.hosts)],
    ['Files', `${manifest.files.length}, ${manifest.files.reduce((sum, file) => sum + file.bytes, 0)} bytes`],
  ];
}

/** `backup FILE` */
async function backup(
  context: CommandContext,
  to: string,
  options: { readonly recipient?: readonly string[]; readonly passphraseFile?: string },
): Promise<void> {
  const lock = await chooseLock(context, options);
  // Loaded when wanted: the server and every other command do without age and tar.
  const { makeBackup } = await import('../backup/make-backup.ts');
  const manifest = await makeBackup({ ...context, to, lock });
  print(context, { file: to, ...manifest }, () =>
    [
      renderFacts([['Backup', to], ...factsOf(manifest)]),
      '',
      'Everything this manager is: whoever opens the file owns the fleet. Keep it, and what opens it, on other machines.',
      `Try it now and then: age -d ${to} | tar -t`,
    ].join('\n'),
  );
}

/** `restore FILE` */
async function restore(
  context: CommandContext,
  from: string,
  options: { readonly identityFile?: string; readonly passphraseFile?: string },
): Promise<void> {
  if (await isRunning(context)) {
    throw noRoom('The manager is running, so there is one already', context.paths);
  }
  const key = await chooseKey(context, options);
  const { restoreBackup } = await import('../backup/restore-backup.ts');
  const { manifest, keptBeside } = await restoreBackup({
    ...context,
    logger: context.createLogger('warn'),
    from,
    key,
  });
  print(context, { ...manifest, kept_beside: keptBeside }, () =>
    [
      renderFacts([
        ['Restored', `as of ${manifest.made_at}, ${pastTime(manifest.made_at, context.nowMs)}`],
        ...factsOf(manifest),
      ]),
      ...keptBeside.map((path) => `What stood there before is in ${path}`),
      '',
      'Next: systemctl start linux-patch-manager (from a checkout: linux-patch-manager serve). It knows what it knew then: hosts that joined later',
      'have to join again, and what was revoked later has to be revoked once more (certificates list, api-tokens list).',
    ].join('\n'),
  );
}

/** Adds `backup` and `restore` to the command line. */
export function addBackupCommands({ program, add, runHere }: CommandLine): void {
  add(
    program,
    'backup <file>',
    'write everything this manager is into one locked file (age), also while it runs',
  )
    .option(
      '--recipient <key>',
      'lock it for the holder of this key of age (age1...); may be repeated',
      collect,
    )
    .option('--passphrase-file <file>', PASSPHRASE_HELP)
    .action(
      (file: string, options: { recipient?: readonly string[]; passphraseFile?: string }, command: Command) =>
        runHere(
          command,
          quietly((context) => backup(context, file, options)),
        ),
    );
  add(program, 'restore <file>', 'put a backup in the place of a manager that is not there yet')
    .option('--identity-file <file>', 'file with the key of age that opens it, as age-keygen writes it')
    .option('--passphrase-file <file>', PASSPHRASE_HELP)
    .action((file: string, options: { identityFile?: string; passphraseFile?: string }, command: Command) =>
      runHere(
        command,
        quietly((context) => restore(context, file, options)),
      ),
    );
}
