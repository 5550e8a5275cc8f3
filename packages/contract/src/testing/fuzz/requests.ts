import fc from 'fast-check';
import type { Route } from '../../route.ts';
import { broken, spoiledText, written } from './broken.ts';
import { fitting, type Known, ODD_TEXTS } from './values.ts';

/** A request as it goes over the wire. */
export interface FuzzedRequest {
  readonly method: string;
  readonly target: string;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: string | Uint8Array | undefined;
}

/** How a request is made. */
export interface FuzzWish {
  readonly known: Known;
  /** Only what the schemas of the route refuse, where what they let through would end the world that is asked. */
  readonly onlyBroken: boolean;
}

/** Bytes in a target that no URL has by itself: every one of them percent-encoded, also halves of pairs. */
function encoded(text: string): string {
  const bytes = Buffer.from(text, 'utf8');
  return [...bytes].map((byte) => (isPlain(byte) ? String.fromCharCode(byte) : percent(byte))).join('');
}
const percent = (byte: number): string => `%${byte.toString(16).padStart(2, '0')}`;
const isPlain = (byte: number): boolean => /[\w.~-]/.test(String.fromCharCode(byte));

/** Parts of a path that are no text. */
const RAW_PARTS = [
  '%00',
  '%2f',
  '..%2f..%2fetc',
  '%2e%2e',
  '%',
  '%zz',
  '%ff',
  '%ed%a0%80',
  '%252e',
  ';a=b',
  '..',
  '*',
];

/** Requests for a route: ones that fit, ones of which something is broken, and ones that are nothing of the kind. */
export function requestsFor(route: Route, wish: FuzzWish): fc.Arbitrary<FuzzedRequest> {
  return fc
    .record({
      method: methodsFor(route, wish),
      path: pathsOf(route, wish.known),
      query: queriesOf(route, wish.known),
      headers: headersOf(route, wish.known),
      body: route.body ? bodiesOf(route, wish) : fc.constant(undefined),
    })
    .map(({ method, path, query, headers, body }) => ({
      method,
      target: query === '' ? path : `${path}?${query}`,
      headers: body === undefined ? headers : { 'content-type': 'application/json', ...headers },
      body,
    }));
}

const methodsFor = ({ method }: Route, { onlyBroken }: FuzzWish): fc.Arbitrary<string> =>
  onlyBroken
    ? fc.constant(method)
    : fc.oneof({ weight: 60, arbitrary: fc.constant(method) }, fc.constantFrom('PATCH', 'OPTIONS', 'TRACE'));

function pathsOf({ path }: Route, known: Known): fc.Arbitrary<string> {
  const parts = path.split('/').map((part): fc.Arbitrary<string> => {
    const [, name] = /^\{(\w+)\}$/.exec(part) ?? [];
    if (name === undefined) return fc.constant(part);
    const there = known[name] ?? [];
    const some = fc.oneof(
      fc.uuid(),
      fc.constantFrom(...ODD_TEXTS),
      fc.string({ unit: 'binary', maxLength: 20 }),
      fc.stringMatching(/^[a-z][a-z0-9.-]{0,30}$/),
    );
    return fc.oneof(
      { weight: there.length === 0 ? 0 : 4, arbitrary: fc.constantFrom('', ...there).map(encoded) },
      { weight: 4, arbitrary: some.map(encoded) },
      { weight: 1, arbitrary: fc.constantFrom(...RAW_PARTS) },
    );
  });
  return fc.tuple(...parts).map((said) => said.join('/'));
}

function queriesOf({ query }: Route, known: Known): fc.Arbitrary<string> {
  const values = query ? fitting(query, known) : fc.constant({});
  const pairs = (value: unknown): string =>
    Object.entries(value ?? {})
      .map(([name, one]) => `${encoded(name)}=${encoded(typeof one === 'string' ? one : written(one))}`)
      .join('&');
  const fits = values.map(pairs);
  return fc.oneof(
    { weight: 6, arbitrary: fits },
    { weight: query ? 6 : 1, arbitrary: broken(values).map(pairs) },
    { weight: 1, arbitrary: fits.map((text) => `${text}&${text}`) },
    {
      weight: 1,
      arbitrary: fc.constantFrom('%', '=', '&&&', '%ff=%ff', 'a[]=1', '__proto__=1', '?', 'x'.repeat(2_000)),
    },
  );
}

/** Headers that stand for nothing the route knows, by which its program could still be moved. */
const ODD_HEADERS: readonly FuzzedRequest['headers'][] = [
  { 'content-type': 'text/plain' },
  { 'content-type': 'application/json; charset=utf-16' },
  { 'content-type': 'multipart/form-data' },
  { 'content-type': '' },
  { 'content-encoding': 'gzip' },
  { 'x-request-id': 'not one' },
  { 'x-request-id': '__proto__' },
  { 'x-filler': 'x'.repeat(9_000) },
  { 'x-filler': 'x'.repeat(60_000) },
  { 'x-twice': ['a', 'b'] },
  { accept: 'text/html;q=NaN', 'accept-language': ',,,', range: 'bytes=9-1' },
  { 'if-none-match': 'W/"' },
  { 'last-event-id': '-1e309' },
  { 'idempotency-key': '\u00e4\u00ff' },
  { prefer: 'wait=-1, wait=NaN' },
  { authorization: 'Bearer' },
  { authorization: `Enroll ${'9'.repeat(100)}` },
  { cookie: '=;=;__proto__=1; a="' },
  { host: '[' },
  { host: 'a b' },
  { forwarded: 'for="[', 'x-forwarded-for': '::ffff:%' },
  { connection: 'upgrade', upgrade: 'websocket' },
  { expect: '200-ok' },
  { 'linux-patch-job': 'e30', 'linux-patch-job-signature': 'AA' },
  { 'linux-patch-request': '2', 'sec-fetch-site': 'cross-site' },
];

/** What can stand in a header (RFC 9110, section 5.5), as Node writes it. */
const headerText = (value: unknown): string =>
  (typeof value === 'string' ? value : written(value))
    .replaceAll(/[^\t\x20-\x7e\x80-\xff]/g, '?')
    .slice(0, 4_000);

function headersOf({ headers }: Route, known: Known): fc.Arbitrary<FuzzedRequest['headers']> {
  const none = fc.constant({});
  const values = headers ? fitting(headers, known) : none;
  const named = (value: unknown): FuzzedRequest['headers'] =>
    Object.fromEntries(
      Object.entries(value ?? {})
        .filter(([name]) => headers !== undefined && Object.hasOwn(headers.shape, name))
        .map(([name, one]) => [name.toLowerCase(), headerText(one)]),
    );
  return fc.oneof(
    { weight: 6, arbitrary: none },
    { weight: headers ? 4 : 0, arbitrary: values.map(named) },
    { weight: headers ? 4 : 0, arbitrary: broken(values).map(named) },
    { weight: 3, arbitrary: fc.constantFrom(...ODD_HEADERS) },
  );
}

function bodiesOf(route: Route, { known, onlyBroken }: FuzzWish): fc.Arbitrary<string | Uint8Array> {
  const { body: schema } = route;
  if (!schema) throw new Error(`${route.id} takes no body`);
  const values = fitting(schema, known);
  const fits = values.map(written);
  const wrong = broken(values).map(written);
  if (onlyBroken) return wrong.filter((text) => !isTaken(schema, text));
  return fc.oneof(
    { weight: 5, arbitrary: fits },
    { weight: 5, arbitrary: wrong },
    { weight: 2, arbitrary: spoiledText(fits) },
  );
}

function isTaken(schema: NonNullable<Route['body']>, text: string): boolean {
  try {
    return schema.safeParse(JSON.parse(text)).success;
  } catch {
    return false;
  }
}
