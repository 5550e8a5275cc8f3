import { type Host, type LabelChange, MANAGER_ADMIN_ROUTES, PatchError } from '@linux-patch/contract';
import { printableLine } from '@linux-patch/runtime';
import type { Command } from 'commander';
import { withParallel } from './act.ts';
import { hostNote, label, labelKey } from './arguments.ts';
import { chooseHosts, isSeveral } from './choose-hosts.ts';
import { type CommandContext, print } from './command-context.ts';
import { type CommandLine, quietly } from './command-line.ts';
import { EXIT } from './exit-codes.ts';
import { onSeveralHosts, outcomeOfWords } from './several-hosts.ts';

/** Labels as they are typed, by key. */
export function labelWords(labels: Host['labels']): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
}

function describeLabels({ labels }: Host): string {
  return labelWords(labels) || 'no labels';
}

/** `hosts label` and `hosts unlabel` */
async function change(
  context: CommandContext,
  reference: string,
  body: LabelChange,
  { parallel }: { readonly parallel: number },
): Promise<number> {
  const ask = (id: string): Promise<Host> =>
    context.api.call(MANAGER_ADMIN_ROUTES.labelHost, { params: { id }, body });
  if (isSeveral(reference))
    return onSeveralHosts(
      context,
      await chooseHosts(context, reference, 'hosts:group'),
      { parallel },
      async (host) => outcomeOfWords(describeLabels(await ask(host)), { isDone: true }),
    );
  const host = await ask(reference);
  print(context, host, () => printableLine(`${host.fqdn}: ${describeLabels(host)}`));
  return EXIT.done;
}

/** `hosts note` */
async function setNote(
  context: CommandContext,
  id: string,
  note: { readonly text: string | undefined; readonly remove: boolean | undefined },
): Promise<void> {
  if ((note.text === undefined) !== (note.remove === true))
    throw new PatchError('INVALID_REQUEST', 'Say the note, or --remove. Nothing was changed.');
  const body = { note: note.text ?? null };
  const host = await context.api.call(MANAGER_ADMIN_ROUTES.changeHost, { params: { id }, body });
  print(context, host, () => printableLine(`${host.fqdn}: ${host.note ?? 'no note'}`));
}

/** Adds what people write about hosts to the command line. */
export function addLabelCommands(hosts: Command, { add, run }: CommandLine): void {
  withParallel(
    add(hosts, 'label <hosts>', 'give hosts labels, by which they are chosen: env=prod').argument(
      '<labels...>',
      'KEY=VALUE',
      label,
    ),
  ).action(
    (
      reference: string,
      set: Readonly<Record<string, string>>,
      options: { parallel: number },
      command: Command,
    ) => run(command, (context) => change(context, reference, { set }, options)),
  );
  withParallel(
    add(hosts, 'unlabel <hosts>', 'take labels from hosts').argument('<keys...>', 'KEY', labelKey),
  ).action((reference: string, remove: string[], options: { parallel: number }, command: Command) =>
    run(command, (context) => change(context, reference, { remove }, options)),
  );
  add(hosts, 'note <host>', 'write one line about a host, which "hosts show" shows')
    .argument('[text]', 'the note, in quotes', hostNote)
    .option('--remove', 'remove the note')
    .action((id: string, text: string | undefined, { remove }: { remove?: boolean }, command: Command) =>
      run(
        command,
        quietly((context) => setNote(context, id, { text, remove })),
      ),
    );
}
