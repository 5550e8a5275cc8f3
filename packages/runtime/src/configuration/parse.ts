import type { Fault } from '@linux-patch/contract';
import type { z } from 'zod';
import { describeSchema, findKnownKeys } from './describe.ts';
import { type ConfigurationFault, configurationError, type FaultKind, fileFault } from './faults.ts';
import { invisibleBlank, isUtf16 } from './foreign-text.ts';
import { messageOfIssue, REQUIRED } from './messages.ts';
import { didYouMean, findNearest } from './suggestion.ts';
import { readYaml, type YamlText } from './yaml-text.ts';

/** Largest configuration file that is read. */
export const MAX_CONFIGURATION_BYTES = 1024 * 1024;

/** Whether the file, or a fallback, gives this key a value. */
type Given = (key: string) => boolean;

/** The line of the file that gives this dotted key a value, items of lists by their number; undefined when none does. */
type LineOf = (key: string) => number | undefined;

/** A configuration that is right. */
export interface CheckedConfiguration<T> {
  readonly value: T;
  readonly given: Given;
  readonly lineOf: LineOf;
}

/** A condition that spans several keys. */
export interface ConfigurationRule<T> {
  /** Dotted keys the rule looks at; it is skipped when one of them is faulty by itself. */
  readonly reads: readonly string[];
  /** What is wrong, at the dotted path of the key to change; undefined when all is well. */
  check(value: T, given: Given): (Fault & { readonly kind?: FaultKind }) | undefined;
}

/** A value used where the file gives none. */
export interface ConfigurationFallback {
  readonly path: readonly string[];
  readonly value: unknown;
  /** Whether a blank text in the file counts as no value, too. */
  readonly overBlank?: boolean;
  /** Where faults of the value are reported: `file` for example `environment`, `name` the variable. */
  readonly source: { readonly file: string; readonly name: string };
}

export interface ConfigurationOptions<T> {
  readonly rules?: readonly ConfigurationRule<T>[];
  readonly fallbacks?: readonly ConfigurationFallback[];
  /** Faults found elsewhere, to be reported together with those of the file. */
  readonly faults?: readonly ConfigurationFault[];
}

type PlainMap = { [key: string]: unknown };

function isPlainMap(value: unknown): value is PlainMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function valueIn(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((level, part) => (isPlainMap(level) ? level[part] : undefined), value);
}

function isSilent(value: unknown, overBlank = false): boolean {
  return value === undefined || (overBlank && typeof value === 'string' && value.trim() === '');
}

/** A copy with another value at `path`; unchanged when something on the way is no map. */
function withValue(value: unknown, path: readonly string[], leaf: unknown): unknown {
  const [head, ...tail] = path;
  if (head === undefined) return leaf;
  if (!isPlainMap(value ?? {})) return value;
  const map = (value ?? {}) as PlainMap;
  return { ...map, [head]: withValue(map[head], tail, leaf) };
}

function withoutKey(value: unknown, path: readonly string[]): unknown {
  const [head, ...tail] = path;
  if (head === undefined || !isPlainMap(value) || !(head in value)) return value;
  const { [head]: part, ...rest } = value;
  return tail.length === 0
    ? rest
    : { ...rest, [head]: isPlainMap(part) ? withoutKey(part, tail) : undefined };
}

interface Located extends ConfigurationFault {
  readonly keys: readonly string[];
  readonly missing: boolean;
}

class ConfigurationCheck<S extends z.ZodType> {
  readonly #schema: S;
  readonly #file: string;
  readonly #yaml: YamlText;
  readonly #lines: readonly string[];
  readonly #options: ConfigurationOptions<z.output<S>>;
  readonly #input: unknown;
  readonly #used: readonly ConfigurationFallback[];

  constructor(schema: S, text: string, file: string, options: ConfigurationOptions<z.output<S>>) {
    this.#schema = schema;
    this.#file = file;
    this.#options = options;
    this.#yaml = readYaml(text);
    this.#lines = text.split('\n');
    const input: unknown = this.#yaml.value ?? {};
    this.#used = (options.fallbacks ?? []).filter(({ path, overBlank }) =>
      isSilent(valueIn(input, path), overBlank),
    );
    this.#input = this.#used.reduce((value, { path, value: leaf }) => withValue(value, path, leaf), input);
  }

  run(): CheckedConfiguration<z.output<S>> {
    const syntax = this.#yaml.faults.map((fault) =>
      this.#located(fault.path, fault, fault.message, { kind: 'syntax' }),
    );
    const parsed = this.#schema.safeParse(this.#input, { error: messageOfIssue });
    const issues = parsed.success ? [] : parsed.error.issues.flatMap((issue) => this.#faultsOf(issue));
    const broken = new Set(syntax.map((fault) => fault.line));
    const wrong =
      syntax.length === 0 ? issues : issues.filter((fault) => !fault.missing && !broken.has(fault.line));
    const given: Given = (key) => valueIn(this.#input, key.split('.')) !== undefined;
    const crossed = syntax.length === 0 ? this.#cross(wrong, given) : [];
    const faults = [...(this.#options.faults ?? []), ...syntax, ...wrong, ...crossed].map(plainFault);
    if (faults.length > 0 || !parsed.success) throw configurationError(faults);
    return { value: parsed.data, given, lineOf: (key) => this.#yaml.lineOf(key.split('.')) };
  }

  #faultsOf(issue: z.core.$ZodIssue): Located[] {
    const path = issue.path.map(String);
    if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => this.#unknown(path, key));
    const missing = issue.message === REQUIRED;
    return [this.#located(path, this.#yaml.valueAt(path), issue.message, { missing })];
  }

  #unknown(level: readonly string[], key: string): Located {
    const path = [...level, key];
    const known = findKnownKeys(this.#schema, level) ?? [];
    const elsewhere = describeSchema(this.#schema)
      .map((one) => one.key)
      .filter((one) => one.split('.').at(-1) === key);
    const hint =
      findNearest(key, known) === undefined && elsewhere.length === 1
        ? ` (did you mean "${elsewhere[0]}"?)`
        : didYouMean(key, known);
    return this.#located(path, this.#yaml.keyAt(path), `unknown key${hint}`, { kind: 'unknown_key' });
  }

  #located(
    keys: readonly string[],
    at: { readonly line: number; readonly column: number },
    message: string,
    { missing = false, kind }: { readonly missing?: boolean; readonly kind?: FaultKind | undefined } = {},
  ): Located {
    const fallback = this.#used.find(({ path }) => path.join('.') === keys.join('.'));
    if (fallback) {
      const { file, name } = fallback.source;
      return { file, line: 0, column: 0, path: name, message, kind, keys, missing };
    }
    const { line, column } = at;
    const words = message + invisibleBlank(this.#lines[line - 1] ?? '');
    return { file: this.#file, line, column, path: keys.join('.'), message: words, kind, keys, missing };
  }

  /** Rules run on what is right by itself: faulty keys are left out, and rules that need one are skipped. */
  #cross(faults: readonly Located[], given: Given): Located[] {
    const sound = faults.reduce((value, fault) => withoutKey(value, fault.keys), this.#input);
    const parsed = this.#schema.safeParse(sound);
    if (!parsed.success) return [];
    const faulty = faults.map((fault) => fault.keys.join('.'));
    const touches = (key: string): boolean =>
      faulty.some((other) => other === key || key.startsWith(`${other}.`) || other.startsWith(`${key}.`));
    return (this.#options.rules ?? [])
      .filter((rule) => !rule.reads.some(touches))
      .flatMap((rule) => {
        const fault = rule.check(parsed.data, given);
        if (!fault) return [];
        const path = fault.path.split('.');
        return [this.#located(path, this.#yaml.valueAt(path), fault.message, { kind: fault.kind })];
      });
  }
}

/** @throws PatchError `CONFIG_INVALID` for more than `MAX_CONFIGURATION_BYTES`, and for UTF-16. */
export function refuseForeign(text: string, file: string): void {
  if (Buffer.byteLength(text) > MAX_CONFIGURATION_BYTES) {
    throw fileFault(file, 'is larger than 1 MiB, which no configuration is; is it the right file?');
  }
  if (isUtf16(text))
    throw fileFault(file, 'is UTF-16 text; save it as UTF-8, for example by iconv -f UTF-16 -t UTF-8');
}

function plainFault({ file, line, column, path, message, kind }: ConfigurationFault): ConfigurationFault {
  return { file, line, column, path, message, ...(kind === undefined ? {} : { kind }) };
}

/**
 * Checks a YAML 1.2 configuration against a strict schema and tells which keys it gives, and where. A key without a value counts
 * as not given; an empty file is an empty map.
 * @throws PatchError `CONFIG_INVALID` with every fault, see `parseConfiguration`.
 */
export function checkConfiguration<S extends z.ZodType>(
  schema: S,
  text: string,
  file: string,
  options: ConfigurationOptions<z.output<S>> = {},
): CheckedConfiguration<z.output<S>> {
  refuseForeign(text, file);
  return new ConfigurationCheck(schema, text, file, options).run();
}

/**
 * The value of a YAML 1.2 configuration.
 * @throws PatchError `CONFIG_INVALID`: the message has one line `FILE:LINE:COL path: message` per fault, and
 * `details.faults` the same as `ConfigurationFault`s. Values are not repeated in messages.
 */
export function parseConfiguration<S extends z.ZodType>(
  schema: S,
  text: string,
  file: string,
  options: ConfigurationOptions<z.output<S>> = {},
): z.output<S> {
  return checkConfiguration(schema, text, file, options).value;
}
