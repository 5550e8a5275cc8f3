import type { KnownHost } from './known-host.ts';
import { needsLook } from './known-identity.ts';

type Test = (host: KnownHost) => boolean;

/** A question that only the manager can answer, of what hosts have installed or what people saved. */
export type AskedFor =
  | { readonly kind: 'has' | 'lacks'; readonly name: string; readonly version: string | undefined }
  | { readonly kind: 'saved'; readonly name: string };

/** What a word with a colon looks at. */
export interface Key {
  /** For people: what may stand after the colon, as a sentence. */
  readonly takes: string;
  /** For people, of the help; undefined for what is easily found without it. */
  readonly example?: string;
  /** What can be said before anything is typed, besides what the hosts themselves bring. */
  readonly values: readonly string[];
  /** What its hosts have in common; undefined for a value that is not understood. Its value is in small letters. */
  readonly test: (value: string, nowMs: number) => Test | undefined;
  /** What is asked of the manager; undefined for a value that is not understood. Then `test` is not. */
  readonly asked?: (value: string) => AskedFor | undefined;
}

type Of<T> = (host: KnownHost) => T;

function word(values: readonly string[], of: Of<string>): Pick<Key, 'takes' | 'values' | 'test'> {
  return {
    values,
    takes: `It takes ${values.join(', ')}.`,
    test: (value) => (values.includes(value) ? (host) => of(host) === value : undefined),
  };
}

/** A number, or `>` or `<` and one; what is not known is never on either side. */
function compared(value: string): ((number: number) => boolean) | undefined {
  const [, sign, digits = ''] = /^([<>]?)(\d{1,9})$/.exec(value) ?? [];
  if (sign === undefined) return undefined;
  const limit = Number(digits);
  return (number) => (sign === '>' ? number > limit : sign === '<' ? number < limit : number === limit);
}

function number(of: Of<number | null>): Pick<Key, 'takes' | 'values' | 'test'> {
  const test = (value: string): Test | undefined => {
    const fits = compared({ yes: '>0', no: '0' }[value] ?? value);
    if (!fits) return undefined;
    return (host) => {
      const known = of(host);
      return known !== null && fits(known);
    };
  };
  return { test, values: ['yes', 'no', '>10'], takes: 'It takes yes, no, a number, or >10 or <10.' };
}

const UNITS_MS = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** `>2h` is longer ago, or never; `<2h` is since then. */
function age(of: Of<string | null>): Pick<Key, 'takes' | 'values' | 'test'> {
  const test = (value: string, nowMs: number): Test | undefined => {
    if (value === 'never') return (host) => of(host) === null;
    const [, sign, digits = '', unit] = /^([<>])(\d{1,5})([mhd])$/.exec(value) ?? [];
    if (sign === undefined) return undefined;
    const sinceMs = nowMs - Number(digits) * UNITS_MS[unit as keyof typeof UNITS_MS];
    return (host) => {
      const at = of(host);
      const isOld = at === null || new Date(at).getTime() < sinceMs;
      return isOld === (sign === '>');
    };
  };
  return {
    test,
    values: ['>2h', '>1d', 'never'],
    takes: 'It takes >2h (longer ago, or never), <30m, >1d, or never.',
  };
}

/** A part of a text, or one of several texts. */
function text(takes: string, test: (host: KnownHost, value: string) => boolean) {
  return {
    values: [],
    takes,
    test: (value: string) => (value === '' ? undefined : (host: KnownHost) => test(host, value)),
  };
}

function asked(takes: string, of: (value: string) => AskedFor | undefined) {
  return { values: [], takes, test: () => undefined, asked: of };
}

function packageOf(kind: 'has' | 'lacks', sign: string, value: string): AskedFor | undefined {
  const at = value.indexOf(sign);
  const [name, version] = at < 0 ? [value, undefined] : [value.slice(0, at), value.slice(at + sign.length)];
  if (name === '' || version === '' || /[<>=]/.test(name)) return undefined;
  return { kind, name, version };
}

/** What can be searched for, by the word before the colon. */
export const KEYS: Readonly<Record<string, Key>> = {
  state: { ...word(['current', 'behind', 'unknown', 'left'], ({ state }) => state), example: 'state:behind' },
  security: { ...number(({ securityUpdates }) => securityUpdates), example: 'security:>0' },
  updates: number(({ updates }) => updates),
  reboot: { ...word(['needed', 'no', 'unknown'], ({ reboot }) => reboot), example: 'reboot:needed' },
  seen: { ...age(({ seenAt }) => seenAt), example: 'seen:>2h' },
  listed: age(({ listedAt }) => listedAt),
  os: {
    ...text('It takes a part of what the system is called.', ({ os }, value) =>
      os.toLowerCase().replaceAll(' ', '').includes(value),
    ),
    example: 'os:debian12',
  },
  address: text('It takes a part of an address.', ({ address }, value) => address.includes(value)),
  group: {
    ...text('It takes the name of a group.', ({ groups }, value) =>
      groups.some((name) => name.toLowerCase() === value),
    ),
    example: 'group:web',
  },
  label: {
    ...text('It takes a label, KEY=VALUE.', ({ labels }, value) =>
      labels.some((label) => label.toLowerCase() === value),
    ),
    example: 'label:env=prod',
  },
  identity: {
    values: ['trouble', 'ok', 'new'],
    takes: 'It takes trouble, ok, new, or the name of a state such as expired.',
    test: (value) =>
      value === ''
        ? undefined
        : value === 'trouble'
          ? ({ identity }) => needsLook(identity)
          : ({ identity }) => identity === value,
  },
  pkg: {
    ...asked('It takes the name of a package, or NAME<VERSION.', (value) => packageOf('has', '<', value)),
    example: 'pkg:openssl<3.0.15',
  },
  lacks: {
    ...asked('It takes the name of a package, or NAME>=VERSION.', (value) => packageOf('lacks', '>=', value)),
    example: 'lacks:chrony',
  },
  saved: asked('It takes the name of a saved search.', (name) =>
    name === '' ? undefined : { kind: 'saved', name },
  ),
};
