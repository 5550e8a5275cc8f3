import { describeSchema, type KeyDescription } from '@linux-patch/runtime/configuration';
import type { Command, Option } from 'commander';

/** Text as roff takes it (groff_man(7)). */
function roff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^([.'])/gm, '\\&$1')
    .replaceAll('`', '');
}

function heading(name: string, section: number, context: { date: string; version: string }): string {
  return `.TH "${name.toUpperCase()}" "${section}" "${context.date}" "Linux Patch ${context.version}" "Linux Patch"`;
}

function optionLines(options: readonly Option[]): string[] {
  return options.flatMap((option) => ['.TP', `.B ${roff(option.flags)}`, roff(option.description)]);
}

function commandLines(command: Command, path: string): string[] {
  const usage = `${path} ${command.usage()}`;
  return [
    `.SS ${roff(path)}`,
    roff(command.description()),
    '.PP',
    '.nf',
    roff(usage),
    '.fi',
    ...optionLines(command.options),
    ...command.commands.flatMap((child) => commandLines(child as Command, `${path} ${child.name()}`)),
  ];
}

/** Text that a program prints after its options. */
function epilogOf(command: Command): string {
  let text = '';
  command.configureOutput({ writeOut: (part) => void (text += part), getOutHelpWidth: () => 90 });
  command.outputHelp();
  const usage = command.helpInformation();
  return text.slice(text.indexOf(usage) + usage.length).trim();
}

/** The man page of a program, section 8. */
export function programManual(
  program: Command,
  context: {
    readonly date: string;
    readonly version: string;
    readonly files: readonly string[];
    /** Pages of section 5. */
    readonly pages: readonly string[];
  },
): string {
  const name = program.name();
  const epilog = epilogOf(program);
  return [
    heading(name, 8, context),
    '.SH NAME',
    `${roff(name)} \\- ${roff(program.description().split(':')[0] ?? name)}`,
    '.SH SYNOPSIS',
    `.B ${roff(name)}`,
    roff(program.usage()),
    '.SH DESCRIPTION',
    roff(program.description()),
    '.SH OPTIONS',
    ...optionLines(program.options),
    ...(program.commands.length > 0 ? ['.SH COMMANDS'] : []),
    ...program.commands.flatMap((child) => commandLines(child as Command, `${name} ${child.name()}`)),
    ...(epilog ? ['.SH NOTES', '.nf', roff(epilog), '.fi'] : []),
    '.SH FILES',
    ...context.files.flatMap((file) => ['.br', `.I ${roff(file)}`]),
    '.SH SEE ALSO',
    ...context.pages.map((page) => `.BR ${roff(page)} (5)`),
    '',
  ].join('\n');
}

function keyLines(key: KeyDescription): string[] {
  const standard = key.default === undefined ? '' : ` Default: ${JSON.stringify(key.default)}.`;
  return [
    '.TP',
    `.B ${roff(key.key)}`,
    roff(`${key.type.replace(/^./, (first) => first.toUpperCase())}.${standard} ${key.description}`),
  ];
}

/**
 * The man page of a configuration file, section 5.
 * @param options.name of the page, without `.yaml`
 * @param options.of the program, where the page is called otherwise
 */
export function configurationManual(options: {
  readonly name: string;
  readonly of?: string;
  /** A whole file that shows how the keys are used. */
  readonly example?: string;
  readonly file: string;
  readonly schema: Parameters<typeof describeSchema>[0];
  readonly date: string;
  readonly version: string;
}): string {
  const program = options.of ?? options.name;
  const what = options.of === undefined ? 'configuration of' : 'what this host allows through';
  return [
    heading(`${options.name}.yaml`, 5, options),
    '.SH NAME',
    `${roff(options.name)}.yaml \\- ${what} ${roff(program)}`,
    '.SH SYNOPSIS',
    `.I ${roff(options.file)}`,
    '.SH DESCRIPTION',
    'A YAML map. The file is strict: an unknown key is a fault, and all faults are reported at once with file, line and column.',
    '.SH KEYS',
    ...describeSchema(options.schema).flatMap(keyLines),
    ...(options.example === undefined ? [] : ['.SH EXAMPLE', '.nf', roff(options.example), '.fi']),
    '.SH SEE ALSO',
    `.BR ${roff(program)} (8)`,
    '',
  ].join('\n');
}
