import { z } from 'zod';

/** One key of a configuration, for the reference and the example file. */
export interface KeyDescription {
  /** Dotted path, for example `server.port`. */
  readonly key: string;
  /** For people: `whole number, 0 to 65535`. */
  readonly type: string;
  /** Undefined when the key has no default. */
  readonly default: unknown;
  /** A value that shows how it is used, where the default does not. */
  readonly example: unknown;
  readonly description: string;
  /** Whether it has to be said where the part of the file is there that it belongs to. */
  readonly isRequired: boolean;
}

/** The part of JSON Schema that a configuration schema turns into. */
interface JsonSchema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly example?: unknown;
  readonly description?: string;
  readonly minimum?: number;
  readonly maximum?: number;
}

function jsonSchemaOf(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema;
}

/** The keys known at a level of the schema; undefined when the level is no map of known keys. */
export function findKnownKeys(schema: z.ZodType, path: readonly string[]): readonly string[] | undefined {
  let level: JsonSchema | undefined = jsonSchemaOf(schema);
  for (const part of path) level = level?.properties?.[part] ?? level?.items;
  return level?.properties && Object.keys(level.properties);
}

function range(schema: JsonSchema): string {
  const low = schema.minimum === undefined || schema.minimum <= Number.MIN_SAFE_INTEGER;
  const high = schema.maximum === undefined || schema.maximum >= Number.MAX_SAFE_INTEGER;
  if (low && high) return '';
  if (high) return `, at least ${schema.minimum}`;
  return low ? `, at most ${schema.maximum}` : `, ${schema.minimum} to ${schema.maximum}`;
}

const NOUNS: Readonly<Record<string, string>> = {
  integer: 'whole number',
  number: 'number',
  boolean: 'true or false',
  string: 'text',
  object: 'map',
};

function typeOf(schema: JsonSchema): string {
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' or ');
  if (schema.type === 'array') return `list of ${typeOf(schema.items ?? {})}`;
  const noun = NOUNS[schema.type ?? ''] ?? 'value';
  return schema.type === 'integer' || schema.type === 'number' ? noun + range(schema) : noun;
}

function walk(schema: JsonSchema, path: readonly string[], isRequired = false): KeyDescription[] {
  if (schema.properties) {
    return Object.entries(schema.properties).flatMap(([name, part]) =>
      walk(part, [...path, name], schema.required?.includes(name)),
    );
  }
  return [
    {
      key: path.join('.'),
      type: typeOf(schema),
      default: schema.default,
      example: schema.example,
      description: schema.description ?? '',
      isRequired,
    },
  ];
}

/** Every key of a configuration schema (nested `z.strictObject`s) in the order it is declared. */
export function describeSchema(schema: z.ZodType): KeyDescription[] {
  return walk(jsonSchemaOf(schema), []);
}
