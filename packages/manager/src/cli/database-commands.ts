import { isPatchError, MANAGER_ADMIN_ROUTES, PatchError } from '@linux-patch/contract';
import { renderFacts } from '@linux-patch/runtime/printed';
import type { Command } from 'commander';
import { ManagerConfigSchema } from '../config/schema.ts';
import { type CommandContext, print } from './command-context.ts';
import { type CommandLine, quietly } from './command-line.ts';

interface MoveOptions {
  readonly url: string;
  readonly passwordFile?: string;
}

/** Whether a manager answers on this machine. */
export async function isRunning({ api }: Pick<CommandContext, 'api'>): Promise<boolean> {
  try {
    await api.call(MANAGER_ADMIN_ROUTES.status);
    return true;
  } catch (error) {
    if (isPatchError(error) && ['MANAGER_NOT_RUNNING', 'NOT_INITIALIZED'].includes(error.code)) return false;
    throw error;
  }
}

/** The other database, by the rules of the configuration. */
function chosen({ url, passwordFile }: MoveOptions) {
  const database = { url, ...(passwordFile === undefined ? {} : { password_file: passwordFile }) };
  const parsed = ManagerConfigSchema.safeParse({ database });
  if (parsed.success) return parsed.data;
  const why = parsed.error.issues.map(({ path, message }) => `${String(path.at(-1))} ${message}`).join('; ');
  throw new PatchError('INVALID_REQUEST', `${why}. Nothing was changed.`);
}

/** `database copy` */
async function copyToServer(context: CommandContext, options: MoveOptions): Promise<void> {
  const { files, paths, config, configFile } = context;
  const to = chosen(options);
  if (await isRunning(context)) {
    throw new PatchError(
      'ALREADY_INITIALIZED',
      'The manager is running, and what it learns after the copy would be missing there. Nothing was changed. Stop it first: systemctl stop linux-patch-manager.',
    );
  }
  const { databaseFile, fillServer, inspectDatabase } = await import('../backup/database-copy.ts');
  const from = databaseFile({ paths, config });
  if (from === undefined) {
    throw new PatchError(
      'INVALID_REQUEST',
      `The database of this manager is a server already (${config.database.url?.shown}). Nothing was changed. To move it: backup, then restore with the configuration that names the other one.`,
    );
  }
  const owner = (await files.facts(paths.dataFolder)) ?? { uid: 0, gid: 0 };
  const facts = await files.actAs(owner, async () => {
    const found = inspectDatabase(from);
    await fillServer({ files, paths, config: to }, from, context.createLogger('warn'));
    return found;
  });
  const place = to.database.url?.shown;
  print(context, { from, to: place, hosts: facts.hosts }, () =>
    [
      renderFacts([
        ['Copied', from],
        ['To', String(place)],
        ['Hosts', String(facts.hosts)],
      ]),
      '',
      `The manager still uses the file. Now write into ${configFile}:`,
      '  database:',
      `    url: ${options.url}`,
      ...(options.passwordFile === undefined ? [] : [`    password_file: ${options.passwordFile}`]),
      `and start it: systemctl start linux-patch-manager. When hosts list as before, move ${from} away: it holds what a backup holds.`,
    ].join('\n'),
  );
}

/** Adds `database` to the command line. */
export function addDatabaseCommands({ program, add, runHere }: CommandLine): void {
  const database = program.command('database').description('where the manager keeps what it knows');
  add(database, 'copy', 'copy everything into an empty database of PostgreSQL, while the manager is stopped')
    .requiredOption('--url <url>', 'the database, as database.url of the configuration names it')
    .option('--password-file <file>', 'file with its password, as database.password_file names it')
    .action((options: MoveOptions, command: Command) =>
      runHere(
        command,
        quietly((context) => copyToServer(context, options)),
      ),
    );
}
