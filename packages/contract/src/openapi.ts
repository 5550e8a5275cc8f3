import { z } from 'zod';
import { Envelope } from './envelope.ts';
import { ERRORS, type ErrorCode } from './errors.ts';
import type { Route } from './route.ts';

type Json = Record<string, unknown>;

function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, {
    io,
    unrepresentable: 'any',
    target: 'openapi-3.0',
  }) as Json;
  return rest;
}

function parameters(schema: z.ZodType, where: 'query' | 'header'): Json[] {
  const { properties = {}, required = [] } = jsonSchema(schema, 'input') as {
    properties?: Record<string, Json>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: where,
    required: required.includes(name),
    schema: property,
  }));
}

function pathParameters(path: string): Json[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
}

function wrapped(route: Route): Json {
  const data = jsonSchema(route.response, 'output');
  if (route.bare) return data;
  return { allOf: [{ $ref: '#/components/schemas/Envelope' }, { type: 'object', properties: { data } }] };
}

function errorResponses(codes: readonly ErrorCode[]): Json {
  const byStatus = Map.groupBy([...new Set(codes)], (code) => ERRORS[code].status);
  return Object.fromEntries(
    [...byStatus].map(([status, group]) => [
      String(status),
      {
        description: group.map((code) => `\`${code}\`: ${ERRORS[code].meaning}`).join('\n\n'),
        content: { 'application/json': { schema: { $ref: '#/components/schemas/Envelope' } } },
      },
    ]),
  );
}

function operation(route: Route): Json {
  const mediaType =
    route.mediaType ??
    (route.bare && route.path.endsWith('.pem') ? 'application/x-pem-file' : 'application/json');
  return {
    operationId: route.id,
    summary: route.summary,
    'x-auth': route.auth,
    ...(route.stepUp ? { 'x-step-up': true } : {}),
    ...(route.description ? { description: route.description } : {}),
    parameters: [
      ...pathParameters(route.path),
      ...(route.query ? parameters(route.query, 'query') : []),
      ...(route.headers ? parameters(route.headers, 'header') : []),
    ],
    ...(route.body
      ? {
          requestBody: {
            required: !route.bodyOptional,
            content: { 'application/json': { schema: jsonSchema(route.body, 'input') } },
          },
        }
      : {}),
    responses: {
      [String(route.status)]: {
        description: route.summary,
        content: { [mediaType]: { schema: wrapped(route) } },
      },
      ...(route.headers?.shape['If-None-Match']
        ? { '304': { description: 'Nothing has changed since the answer that `If-None-Match` names.' } }
        : {}),
      ...errorResponses(route.errors),
    },
  };
}

/** An OpenAPI 3.0.3 document from route tables. */
export function openApiDocument(options: {
  readonly title: string;
  readonly description: string;
  readonly version: string;
  readonly routes: readonly Route[];
}): Json {
  const paths: Record<string, Json> = {};
  for (const route of options.routes) {
    paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: operation(route) };
  }
  return {
    openapi: '3.0.3',
    info: { title: options.title, description: options.description, version: options.version },
    paths,
    components: { schemas: { Envelope: jsonSchema(Envelope, 'output') } },
  };
}
