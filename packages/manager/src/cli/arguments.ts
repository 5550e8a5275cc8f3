import {
  ApiTokenName,
  GroupDescription,
  GroupName,
  GuardedName,
  type GuardedPermission,
  HostNote,
  JoinTokenNote,
  LabelKey,
  LabelValue,
  MAX_API_TOKEN_DAYS,
  MAX_JOIN_TOKEN_SECONDS,
  PersonName,
  PlanHash,
  RoleBinding,
  SearchName,
} from '@linux-patch/contract';
import { InvalidArgumentError } from 'commander';
import type { z } from 'zod';
import { CertifiableName, ManagerUrl } from '../config/host-names.ts';

/** A TCP port. */
export function port(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1 || number > 65_535)
    throw new InvalidArgumentError('a port is a number from 1 to 65535.');
  return number;
}

const UNIT_SECONDS: Readonly<Record<string, number>> = { m: 60, h: 3_600, d: 86_400 };

/** Not a number when the text is no time. */
function secondsOf(text: string): number {
  const [, amount, unit = ''] = /^(\d{1,5})([mhd])$/.exec(text) ?? [];
  return Number(amount) * (UNIT_SECONDS[unit] ?? Number.NaN);
}

/** A time such as `24h`, in seconds. */
export function duration(text: string): number {
  const seconds = secondsOf(text);
  if (!(seconds >= 60 && seconds <= MAX_JOIN_TOKEN_SECONDS))
    throw new InvalidArgumentError('a time is a number with m, h or d, from 1m to 90d, for example 24h.');
  return seconds;
}

const MAX_DELAY_SECONDS = 604_800;

/** A delay such as `5m`, or `0`, in seconds. */
export function delay(text: string): number {
  const seconds = text === '0' ? 0 : secondsOf(text);
  if (!(seconds >= 0 && seconds <= MAX_DELAY_SECONDS))
    throw new InvalidArgumentError('a delay is 0, or a number with m, h or d up to 7d, for example 5m.');
  return seconds;
}

/** How many hosts. */
export function count(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1 || number > 10_000)
    throw new InvalidArgumentError('a number of hosts is from 1 to 10000.');
  return number;
}

/** What a join token is for. */
export function tokenNote(text: string): string {
  return bySchema(JoinTokenNote, text);
}

/** What is to be known of a host. */
export function hostNote(text: string): string {
  return bySchema(HostNote, text);
}

/** The name of a group. */
export function groupName(text: string): string {
  return bySchema(GroupName, text);
}

/** Names of groups; may be repeated. */
export function groupNames(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, groupName(text)];
}

/** The name of a saved search. */
export function searchName(text: string): string {
  return bySchema(SearchName, text);
}

/** What a group is for. */
export function groupDescription(text: string): string {
  return bySchema(GroupDescription, text);
}

/** The key of a label; may be repeated. */
export function labelKey(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, bySchema(LabelKey, text)];
}

/** A label, `KEY=VALUE`; may be repeated. */
export function label(
  text: string,
  before: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  const at = text.indexOf('=');
  if (at < 0) throw new InvalidArgumentError('a label is KEY=VALUE, for example env=prod.');
  const key = bySchema(LabelKey, text.slice(0, at));
  return { ...before, [key]: bySchema(LabelValue, text.slice(at + 1)) };
}

/** On how many hosts something is done at a time. */
export function parallelism(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1 || number > 100)
    throw new InvalidArgumentError('a number of hosts at a time is from 1 to 100.');
  return number;
}

/** How many entries a page has. */
export function pageSize(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1 || number > 1_000)
    throw new InvalidArgumentError('a page has from 1 to 1000 entries.');
  return number;
}

/** How many entries come before a page. */
export function offset(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 0 || number > 10_000_000)
    throw new InvalidArgumentError('give a whole number, 0 for the first page.');
  return number;
}

/** A number of days. */
export function days(text: string): number {
  const number = Number(text);
  if (!Number.isFinite(number) || number < 0) throw new InvalidArgumentError('give a number of days.');
  return number;
}

/** A number of days that are on record. */
export function historyDays(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1 || number > 3_660)
    throw new InvalidArgumentError('give a whole number of days from 1 to 3660.');
  return number;
}

/** In how many days an API token ends. */
export function lifeInDays(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1 || number > MAX_API_TOKEN_DAYS)
    throw new InvalidArgumentError(`give a whole number of days from 1 to ${MAX_API_TOKEN_DAYS}.`);
  return number;
}

/** Reads an argument by a schema of the configuration. */
function bySchema<T>(schema: z.ZodType<T>, text: string): T {
  const read = schema.safeParse(text);
  if (read.success) return read.data;
  throw new InvalidArgumentError(`It ${read.error.issues[0]?.message ?? 'is refused'}.`);
}

/** The URL of a manager. */
export function managerUrl(text: string): string {
  return bySchema(ManagerUrl, text);
}

/** A name or address for a certificate; may be repeated. */
export function certificateName(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, bySchema(CertifiableName, text)];
}

/** The name of an API token. */
export function apiTokenName(text: string): string {
  return bySchema(ApiTokenName, text);
}

/** One of what lets somebody in; may be repeated. */
export function guarded(
  text: string,
  before: readonly GuardedPermission[] = [],
): readonly GuardedPermission[] {
  return [...before, bySchema(GuardedName, text)];
}

/** The name of a person. */
export function personName(text: string): string {
  return bySchema(PersonName, text);
}

/** The name of a plan. */
export function planHash(text: string): string {
  return bySchema(PlanHash, text);
}

/** A role for some hosts, `ROLE:@group:NAME` or `ROLE:@KEY=VALUE`; may be repeated. */
export function roleBinding(text: string, before: readonly RoleBinding[] = []): readonly RoleBinding[] {
  const [, role = '', on = ''] = /^([^:]*):(.*)$/.exec(text) ?? [];
  const read = RoleBinding.safeParse({ role, on });
  if (read.success) return [...before, read.data];
  throw new InvalidArgumentError(
    'a role for some hosts is ROLE:@group:NAME or ROLE:@KEY=VALUE, for example operator:@group:web.',
  );
}

/** An option that may be repeated. */
export function collect(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}
