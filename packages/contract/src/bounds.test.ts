import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ServerFrame } from './agent-api/frames.ts';
import { AGENT_ROUTES } from './agent-api/routes.ts';
import { MANAGER_PUBLIC_ROUTES } from './manager-api/public-routes.ts';
import type { Route } from './route.ts';

/** The part of JSON Schema that zod writes. */
interface Node {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Node>>;
  readonly items?: Node;
  readonly additionalProperties?: Node | boolean;
  readonly anyOf?: readonly Node[];
  readonly oneOf?: readonly Node[];
  readonly allOf?: readonly Node[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly not?: Node;
  readonly format?: string;
  readonly maxLength?: number;
  readonly maxItems?: number;
}

/** Formats whose texts cannot be long. */
const SHORT_FORMATS = ['uuid', 'date-time', 'ipv4', 'ipv6'];

/** What of one node has no end, not looking below it. */
function faultsOf(node: Node): string[] {
  const types = [node.type ?? []].flat();
  const isChosen = node.enum !== undefined || node.const !== undefined;
  const isShort = node.maxLength !== undefined || SHORT_FORMATS.includes(node.format ?? '');
  const isOpen = typeof node.additionalProperties === 'object' || node.additionalProperties === true;
  const branches = node.anyOf ?? node.oneOf ?? node.allOf;
  return [
    ...(types.includes('string') && !isChosen && !isShort ? ['a text'] : []),
    ...(types.includes('array') && node.maxItems === undefined ? ['a list'] : []),
    ...(types.includes('object') && isOpen ? ['members of any name'] : []),
    ...(types.length === 0 && !isChosen && !branches && !node.not ? ['anything'] : []),
  ];
}

/** Places below a JSON schema where a text, a list or a set of members has no end. */
function unbounded(node: Node, place: string): string[] {
  const branches = [...(node.anyOf ?? []), ...(node.oneOf ?? []), ...(node.allOf ?? [])];
  return [
    ...faultsOf(node).map((fault) => `${place}: ${fault}`),
    ...branches.flatMap((one) => unbounded(one, place)),
    ...(node.items ? unbounded(node.items, `${place}[]`) : []),
    ...Object.entries(node.properties ?? {}).flatMap(([name, child]) => unbounded(child, `${place}.${name}`)),
  ];
}

function unboundedIn(schema: z.ZodType | undefined, place: string): string[] {
  if (!schema) return [];
  return unbounded(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Node, place);
}

describe('every text and list has a bound', () => {
  it.each(Object.values(MANAGER_PUBLIC_ROUTES))('that strangers send to $id', ({ query, body }: Route) => {
    expect([...unboundedIn(query, 'query'), ...unboundedIn(body, 'body')]).toEqual([]);
  });

  it.each(Object.values(AGENT_ROUTES))('that a caller sends to $id of a host', ({ query, body }: Route) => {
    expect([...unboundedIn(query, 'query'), ...unboundedIn(body, 'body')]).toEqual([]);
  });

  it.each(Object.values(AGENT_ROUTES))('that a host answers to $id', ({ response }: Route) => {
    expect(unboundedIn(response, 'answer')).toEqual([]);
  });

  it.each(Object.values(MANAGER_PUBLIC_ROUTES))('that a manager answers to $id', ({ response }: Route) => {
    expect(unboundedIn(response, 'answer')).toEqual([]);
  });

  it('that a host sends about its jobs', () => {
    expect(unboundedIn(ServerFrame, 'frame')).toEqual([]);
  });

  it.each([
    ['a text', z.string()],
    ['a text', z.string().nullable()],
    ['a text', z.union([z.string(), z.number()])],
    ['a text', z.string().transform(Number)],
    ['a list', z.array(z.number())],
    ['members of any name', z.record(z.string(), z.number())],
    ['members of any name', z.looseObject({})],
    ['anything', z.unknown()],
  ])('and the walk finds %s without one', (fault, schema) => {
    expect(unboundedIn(z.object({ it: schema.optional() }), 'body')).toEqual([`body.it: ${fault}`]);
  });
});
